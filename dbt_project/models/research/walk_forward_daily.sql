with

folds as (

    select * from {{ ref('walk_forward_folds') }}

),

strategies as (

    select * from {{ ref('strategies') }}

),

holdings as (

    select * from {{ ref('holdings') }}

),

carried_allocations as (

    select * from {{ ref('carried_allocations') }}

),

-- the winners' targets, spliced into one strategy more
spliced as (

    select
        sessions.scenario_id,
        sessions.session_date,
        sessions.session_number,
        folds.fold_id,
        folds.strategy_id,
        coalesce(strategy_allocations.allocation_id, 0) as allocation_id,
        strategies.slippage,
        strategies.commission_per_share,
        strategies.commission_minimum,
        strategies.commission_maximum,
        strategies.initial_equity
    from {{ ref('sessions') }} as sessions
    inner join folds
        on
            sessions.scenario_id = folds.scenario_id
            and sessions.session_date >= folds.test_start
            and sessions.session_date < folds.test_end
    inner join strategies on folds.strategy_id = strategies.strategy_id
    left join {{ ref('strategy_allocations') }} as strategy_allocations
        on
            sessions.scenario_id = strategy_allocations.scenario_id
            and folds.strategy_id = strategy_allocations.strategy_id
            and sessions.session_date = strategy_allocations.session_date

),

decided as (

    select
        *,
        'walk_forward' as series_id
    from spliced

),

{{ waiting() }},  -- noqa: PRS

held as (

    select decided.* replace (coalesce(carried.allocation_id, decided.allocation_id) as allocation_id)
    from decided
    left join carried
        on
            decided.scenario_id = carried.scenario_id
            and decided.session_date = carried.session_date

),

series as (

    select
        *,
        lag(allocation_id, 1, 0) over (partition by scenario_id order by session_date) as previous_allocation_id
    from held

),

{{ accounting() }},  -- noqa: PRS

returns as (

    select
        accounted.*,
        held.fold_id,
        held.strategy_id,
        held.allocation_id <> 0 as is_invested,
        held.initial_equity
    from accounted
    inner join held
        on
            accounted.scenario_id = held.scenario_id
            and accounted.session_date = held.session_date

),

{{ equity_curve() }}

select
    scenario_id,
    session_date,
    fold_id,
    strategy_id,
    is_invested,
    gross_return,
    cost,
    net_return,
    turnover,
    equity,
    drawdown
from equity_curve
