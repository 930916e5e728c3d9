with

bars as (

    select * from {{ ref('stg_bars') }}

),

distinct_sessions as (

    select distinct
        scenario_id,
        session_date
    from bars

)

select
    scenario_id,
    session_date,
    row_number() over by_date as session_number,
    lag(session_date) over by_date as previous_session_date
from distinct_sessions
window by_date as (
    partition by scenario_id order by session_date
)
