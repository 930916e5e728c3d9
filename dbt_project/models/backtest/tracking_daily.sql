with

account_daily as (

    select * from {{ ref('account_daily') }}
    where daily_return is not null

),

backtest as (

    select
        backtest_returns.session_date,
        backtest_returns.net_return
    from {{ ref('backtest_returns') }} as backtest_returns
    inner join {{ ref('strategies') }} as strategies on backtest_returns.strategy_id = strategies.strategy_id
    where strategies.is_live and backtest_returns.scenario_id = 0

),

compared as (

    select
        account_daily.account_id,
        account_daily.session_date,
        account_daily.daily_return as account_return,
        backtest.net_return as backtest_return
    from account_daily
    inner join backtest on account_daily.session_date = backtest.session_date

),

measured as (

    select
        *,
        count(*) over quarter as returns,
        stddev_samp(account_return - backtest_return) over quarter * sqrt(252) as tracking_error,
        corr(account_return, backtest_return) over quarter as correlation,
        product(1 + account_return) over quarter / product(1 + backtest_return) over quarter - 1 as drift
    from compared
    window quarter as (
        partition by account_id order by session_date
        rows between 59 preceding and current row
    )

)

select
    account_id,
    session_date,
    account_return,
    backtest_return,
    returns,
    if(returns >= 20, tracking_error, null) as tracking_error,
    -- an account or a backtest that stays in cash has no correlation
    if(returns >= 20 and isfinite(correlation), correlation, null) as correlation,
    if(returns >= 20, drift, null) as drift
from measured
