with

strategies as (

    select * from {{ ref('strategies') }}

),

holdings as (

    select * from {{ ref('holdings') }}

),

held_allocations as (

    select * from {{ ref('held_allocations') }}

),

-- materialized: from here on, all threads take part
calendar as materialized (

    select
        sessions.scenario_id,
        strategies.strategy_id,
        sessions.session_date,
        sessions.previous_session_date,
        strategies.slippage,
        strategies.commission_per_share,
        strategies.commission_minimum,
        strategies.commission_maximum,
        strategies.initial_equity
    from {{ ref('sessions') }} as sessions
    cross join strategies

),

series as (

    select
        calendar.scenario_id,
        calendar.strategy_id as series_id,
        calendar.session_date,
        coalesce(chosen.allocation_id, 0) as allocation_id,
        coalesce(held.allocation_id, 0) as previous_allocation_id,
        calendar.slippage,
        calendar.commission_per_share,
        calendar.commission_minimum,
        calendar.commission_maximum,
        calendar.initial_equity
    from calendar
    left join held_allocations as chosen
        on
            calendar.scenario_id = chosen.scenario_id
            and calendar.session_date = chosen.session_date
            and calendar.strategy_id = chosen.strategy_id
    left join held_allocations as held
        on
            calendar.scenario_id = held.scenario_id
            and calendar.previous_session_date = held.session_date
            and calendar.strategy_id = held.strategy_id

),

{{ accounting() }}  -- noqa: PRS

select
    scenario_id,
    series_id as strategy_id,
    session_date,
    gross_return,
    cost,
    net_return,
    turnover
from accounted
