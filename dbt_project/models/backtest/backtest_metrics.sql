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
        backtest_daily.scenario_id,
        backtest_daily.strategy_id as series_id,
        backtest_daily.session_date,
        backtest_daily.net_return,
        backtest_daily.turnover
    from {{ ref('backtest_daily') }} as backtest_daily
    inner join first_targets
        on
            backtest_daily.scenario_id = first_targets.scenario_id
            and backtest_daily.strategy_id = first_targets.strategy_id
            and backtest_daily.session_date > first_targets.session_date

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
