{{ config(meta={
    'description': 'What the lots of an account were bought and sold for is what its fills were, symbol by symbol and session by session.',
    'dagster': {'ref': {'name': 'account_trades'}},
}) }}

with

account_trades as (

    select * from {{ ref('account_trades') }}

),

lot_amounts as (

    select
        account_id,
        symbol,
        entry_session as session_date,
        'BUY' as side,
        sum(quantity * entry_price) as amount
    from account_trades
    where entry_price is not null
    group by all
    union all
    select
        account_id,
        symbol,
        exit_session as session_date,
        'SELL' as side,
        sum(quantity * exit_price) as amount
    from account_trades
    where exit_price is not null
    group by all

),

fill_amounts as (

    select
        account_id,
        symbol,
        session_date,
        side,
        sum(amount) as amount
    from {{ ref('fills') }}
    group by all

)

select
    fill_amounts.*,
    lot_amounts.amount as lot_amount,
    'lots and fills differ' as reason
from fill_amounts
full join lot_amounts
    on
        fill_amounts.account_id = lot_amounts.account_id
        and fill_amounts.symbol = lot_amounts.symbol
        and fill_amounts.session_date = lot_amounts.session_date
        and fill_amounts.side = lot_amounts.side
where (abs(fill_amounts.amount - lot_amounts.amount) < 1e-6 * fill_amounts.amount + 1e-3) is not true
