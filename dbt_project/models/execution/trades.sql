with

backtest_trades as (

    select
        'backtest' as source,
        null::varchar as account_id,
        strategy_id,
        symbol,
        lot,
        entry_session,
        entry_price,
        exit_session,
        exit_price,
        sessions_held,
        null::double as quantity,
        weight,
        gross_return,
        cost,
        profit
    from {{ ref('backtest_trades') }}

),

account_trades as (

    select
        'account' as source,
        account_id,
        strategy_id,
        symbol,
        lot,
        entry_session,
        entry_price,
        exit_session,
        exit_price,
        sessions_held,
        quantity,
        null::double as weight,
        gross_return,
        cost,
        profit
    from {{ ref('account_trades') }}

)

select * from backtest_trades
union all
select * from account_trades
