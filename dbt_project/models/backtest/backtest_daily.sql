with

returns as (

    select
        backtest_returns.*,
        backtest_returns.strategy_id as series_id,
        strategies.initial_equity
    from {{ ref('backtest_returns') }} as backtest_returns
    inner join {{ ref('strategies') }} as strategies on backtest_returns.strategy_id = strategies.strategy_id

),

{{ equity_curve() }}

select
    scenario_id,
    strategy_id,
    session_date,
    gross_return,
    cost,
    net_return,
    turnover,
    equity,
    drawdown
from equity_curve
