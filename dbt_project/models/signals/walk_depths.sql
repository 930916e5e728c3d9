with

settings as (

    select * from {{ source('landing', 'settings') }}

),

deepened as (

    select * from {{ source('landing', 'walk_depths') }}

)

select
    sessions.scenario_id,
    sessions.session_date,
    coalesce(deepened.depth, settings.walk_depth) as walk_depth
from {{ ref('sessions') }} as sessions
cross join settings
left join deepened
    on
        sessions.scenario_id = deepened.scenario_id
        and sessions.session_date = deepened.session_date
