with

bars as (

    select * from {{ ref('stg_bars') }}

),

settings as (

    select * from {{ source('landing', 'settings') }}

),

deepened as (

    select * from {{ source('landing', 'walk_depths') }}

),

distinct_sessions as (

    select distinct
        scenario_id,
        session_date
    from bars

)

select
    distinct_sessions.scenario_id,
    distinct_sessions.session_date,
    row_number() over by_date as session_number,
    lag(distinct_sessions.session_date) over by_date as previous_session_date,
    coalesce(deepened.depth, settings.walk_depth) as walk_depth
from distinct_sessions
cross join settings
left join deepened
    on
        distinct_sessions.scenario_id = deepened.scenario_id
        and distinct_sessions.session_date = deepened.session_date
window by_date as (
    partition by distinct_sessions.scenario_id order by distinct_sessions.session_date
)
