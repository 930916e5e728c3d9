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

-- the winners' targets, spliced into one strategy more
spliced as (

    select
        sessions.scenario_id,
        sessions.session_date,
        folds.fold_id,
        folds.strategy_id,
        coalesce(strategy_allocations.allocation_id, 0) as allocation_id,
        strategies.slippage,
        strategies.commission_per_share,
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

series as (

    select
        *,
        'walk_forward' as series_id,
        lag(allocation_id, 1, 0) over (partition by scenario_id order by session_date) as previous_allocation_id
    from spliced

),

{{ accounting() }},

returns as (

    select
        accounted.*,
        spliced.fold_id,
        spliced.strategy_id,
        spliced.allocation_id > 0 as is_invested,
        spliced.initial_equity
    from accounted
    inner join spliced
        on
            accounted.scenario_id = spliced.scenario_id
            and accounted.session_date = spliced.session_date

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
