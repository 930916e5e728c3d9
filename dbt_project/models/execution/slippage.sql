with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

orders as (

    select * from {{ ref('orders') }}
    where filled > 0

),

traded_closes as (

    select * from {{ ref('traded_closes') }}

),

decided as (

    select
        account_id,
        strategy_id,
        session_date,
        recorded_at,
        sequence,
        unnest(
            from_json(
                json_extract(payload, '$.prices'), '[{"symbol": "VARCHAR", "amount": "DOUBLE", "kind": "VARCHAR"}]'
            )
        ) as price
    from ledger_events
    where kind = 'decided'

),

-- the last decision before the order is the one that planned it
priced as (

    select
        orders.*,
        decided.price.amount as decision_price,
        decided.price.kind as decision_price_kind,
        traded_closes.close,
        case orders.side when 'BUY' then 1 else -1 end as direction
    from orders
    left join decided
        on
            orders.account_id = decided.account_id
            and orders.strategy_id = decided.strategy_id
            and orders.session_date = decided.session_date
            and orders.symbol = decided.price.symbol
            and orders.intended_at >= decided.recorded_at
    left join traded_closes on orders.symbol = traded_closes.symbol and orders.session_date = traded_closes.session_date
    qualify
        row_number() over (
            partition by orders.account_id, orders.order_ref
            order by decided.recorded_at desc nulls last, decided.sequence desc nulls last
        ) = 1

)

select
    account_id,
    order_ref,
    mode,
    strategy_id,
    session_date,
    symbol,
    side,
    filled,
    average_price,
    commission,
    decision_price,
    decision_price_kind,
    close,
    direction * (average_price / decision_price - 1) as decision_slippage,
    direction * (average_price - decision_price) * filled as decision_slippage_usd,
    direction * (average_price / close - 1) as close_slippage,
    direction * (average_price - close) * filled as close_slippage_usd
from priced
