with

strategy_allocations as (

    select * from {{ ref('strategy_allocations') }}

),

carried_allocations as (

    select * from {{ ref('carried_allocations') }}

),

decided as (

    select
        strategy_allocations.scenario_id,
        strategy_allocations.strategy_id as series_id,
        sessions.session_number,
        strategy_allocations.allocation_id
    from strategy_allocations
    semi join carried_allocations
        on strategy_allocations.allocation_id = carried_allocations.decided_allocation_id
    inner join {{ ref('sessions') }} as sessions
        on
            strategy_allocations.scenario_id = sessions.scenario_id
            and strategy_allocations.session_date = sessions.session_date

),

{{ waiting() }}  -- noqa: PRS

select
    strategy_allocations.scenario_id,
    strategy_allocations.strategy_id,
    strategy_allocations.session_date,
    strategy_allocations.allocation_id
from strategy_allocations
anti join carried
    on
        strategy_allocations.scenario_id = carried.scenario_id
        and strategy_allocations.strategy_id = carried.series_id
        and strategy_allocations.session_date = carried.session_date
union all
select
    scenario_id,
    series_id as strategy_id,
    session_date,
    allocation_id
from carried
