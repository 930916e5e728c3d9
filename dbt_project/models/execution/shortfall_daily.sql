with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

orders as (

    select * from {{ ref('orders') }}

),

traded_closes as (

    select * from {{ ref('traded_closes') }}

),

bars as (

    select * from {{ ref('bars') }}

),

-- a session is planned once; what was refused as a whole has no lines
plans as (

    select
        account_id,
        mode,
        strategy_id,
        session_date,
        from_json(
            payload,
            '{
                "equity": "DOUBLE",
                "lines": [{
                    "symbol": "VARCHAR", "price": "DOUBLE", "held": "DOUBLE", "wanted": "DOUBLE", "planned": "DOUBLE",
                    "weight_target": "DOUBLE"
                }],
                "refusals": [{"code": "VARCHAR", "symbol": "VARCHAR", "numbers": {"waits": "DOUBLE"}}]
            }'
        ) as plan
    from ledger_events
    where kind = 'planned' and not (payload ->> '$.is_blocked')::boolean

),

lines as (

    select
        account_id,
        mode,
        strategy_id,
        session_date,
        plans.plan.equity,
        unnest(plans.plan.lines) as line
    from plans

),

waits as (

    select
        account_id,
        strategy_id,
        session_date,
        unnest(plans.plan.refusals) as refusal
    from plans

),

fundings as (

    select
        account_id,
        strategy_id,
        session_date,
        from_json(json_extract(payload, '$.orders'), '[{"symbol": "VARCHAR", "quantity": "DOUBLE"}]') as funded
    from ledger_events
    where kind = 'funded'

),

filled as (

    select
        account_id,
        strategy_id,
        session_date,
        symbol,
        sum(if(side = 'BUY', filled, -filled)) as bought,
        sum(if(side = 'BUY', filled, -filled) * average_price) as paid,
        sum(coalesce(commission, 0)) as commission
    from orders
    where filled > 0
    group by all

),

next_closes as (

    select
        symbol,
        session_date,
        lead(close) over (partition by symbol order by session_date) / close as growth
    from bars

),

-- shares: held, wanted at the price decided on, bought as planned, as funded, and in truth (below 0: sold)
symbols as (

    select
        lines.account_id,
        lines.mode,
        lines.strategy_id,
        lines.session_date,
        lines.equity,
        lines.line.symbol,
        lines.line.price,
        lines.line.held,
        lines.line.wanted,
        lines.line.weight_target,
        lines.line.planned - lines.line.held as planned,
        if(
            planned > 0 and fundings.funded is not null,
            coalesce(
                list_sum([
                    each.quantity for each in fundings.funded if each.symbol = lines.line.symbol -- noqa: RF01
                ]),
                0
            ),
            planned
        ) as funded,
        coalesce(waits.refusal.numbers.waits / lines.line.price, 0) as waiting,
        coalesce(filled.bought, 0) as bought,
        coalesce(filled.paid, 0) as paid,
        coalesce(filled.commission, 0) as commission,
        traded_closes.close,
        traded_closes.close * next_closes.growth as next_close
    from lines
    left join fundings
        on
            lines.account_id = fundings.account_id
            and lines.strategy_id = fundings.strategy_id
            and lines.session_date = fundings.session_date
    left join waits
        on
            lines.account_id = waits.account_id
            and lines.strategy_id = waits.strategy_id
            and lines.session_date = waits.session_date
            and lines.line.symbol = waits.refusal.symbol
            and waits.refusal.code = 'CASH_UNSETTLED'
    left join filled
        on
            lines.account_id = filled.account_id
            and lines.strategy_id = filled.strategy_id
            and lines.session_date = filled.session_date
            and lines.line.symbol = filled.symbol
    left join traded_closes
        on lines.line.symbol = traded_closes.symbol and lines.session_date = traded_closes.session_date
    left join next_closes
        on lines.line.symbol = next_closes.symbol and lines.session_date = next_closes.session_date

),

-- the shares that the backtest holds: the target weights of the equity at the close, bought at the close
modelled as (

    select
        *,
        next_close - close as next_move,
        weight_target * (
            equity + sum(held * (close - price)) over (partition by account_id, strategy_id, session_date)
        ) / close as modelled,
        wanted - held - planned - waiting as remainder
    from symbols

),

summed as (

    select
        account_id,
        session_date,
        strategy_id,
        any_value(mode) as mode,
        any_value(equity) as equity,
        sum(held * (close - price) + modelled * next_move) as modelled_gain,
        sum((held + bought) * next_close - held * price - paid - commission) as gain,
        sum(bought * (price - close)) as delay,
        sum((modelled - wanted) * next_move) as price_move,
        sum(paid - bought * price) as slippage,
        sum(commission) as commission,
        sum(if(abs(remainder) < 1, remainder, 0) * next_move) as rounding,
        sum(if(abs(remainder) < 1, 0, remainder) * next_move) as untraded,
        sum((planned - funded + waiting) * next_move) as unsettled,
        sum((funded - bought) * next_move) as missed
    from modelled
    group by account_id, session_date, strategy_id
    having bool_and(next_close is not null)

)

select
    account_id,
    session_date,
    strategy_id,
    mode,
    equity,
    modelled_gain - gain as shortfall,
    shortfall / equity as shortfall_return,
    delay,
    price_move,
    slippage,
    commission,
    rounding,
    untraded,
    unsettled,
    missed
from summed
