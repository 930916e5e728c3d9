with

first_targets as (

    select
        scenario_id,
        strategy_id,
        min(session_date) as session_date
    from {{ ref('strategy_allocations') }}
    group by all

),

measured as (

    select
        backtest_returns.scenario_id,
        backtest_returns.strategy_id as series_id,
        backtest_returns.session_date,
        backtest_returns.net_return,
        backtest_returns.turnover
    from {{ ref('backtest_returns') }} as backtest_returns
    inner join first_targets
        on
            backtest_returns.scenario_id = first_targets.scenario_id
            and backtest_returns.strategy_id = first_targets.strategy_id
            and backtest_returns.session_date > first_targets.session_date

),

{{ performance() }}  -- noqa: PRS

select
    scenario_id,
    series_id as strategy_id,
    sessions,
    cagr,
    sharpe,
    calmar,
    max_drawdown,
    profit_factor,
    turnover_annual,
    total_return,
    volatility_annual
from performance
