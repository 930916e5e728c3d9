with

strategies as (

    select * from {{ ref('strategies') }}

),

holdings as (

    select * from {{ ref('holdings') }}

),

strategy_allocations as (

    select * from {{ ref('strategy_allocations') }}

),

series as (

    select
        sessions.scenario_id,
        strategies.strategy_id as series_id,
        sessions.session_date,
        coalesce(decided.allocation_id, 0) as allocation_id,
        coalesce(held.allocation_id, 0) as previous_allocation_id,
        strategies.slippage,
        strategies.commission_per_share
    from {{ ref('sessions') }} as sessions
    cross join strategies
    left join strategy_allocations as decided
        on
            sessions.scenario_id = decided.scenario_id
            and sessions.session_date = decided.session_date
            and strategies.strategy_id = decided.strategy_id
    left join strategy_allocations as held
        on
            sessions.scenario_id = held.scenario_id
            and sessions.previous_session_date = held.session_date
            and strategies.strategy_id = held.strategy_id

),

{{ accounting() }}

select
    scenario_id,
    series_id as strategy_id,
    session_date,
    gross_return,
    cost,
    net_return,
    turnover
from accounted
