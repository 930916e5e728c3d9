with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

fills as (

    select
        account_id,
        strategy_id,
        symbol,
        session_date,
        executed_at as happened_at,
        exec_id as happening,
        if(side = 'BUY', quantity, -quantity) as change,
        price,
        commission
    from {{ ref('fills') }}

),

restated as (

    select
        account_id,
        recorded_at as happened_at,
        digest as happening,
        from_json(payload, '{"symbol": "VARCHAR", "before": "DOUBLE", "after": "DOUBLE"}') as restatement
    from ledger_events
    where kind = 'position_restated'

),

accepted as (

    select
        account_id,
        digest as happening,
        from_json(
            payload,
            '{
                "is_baseline": "BOOLEAN", "at": "TIMESTAMPTZ", "account": {"positions": "MAP(VARCHAR, DOUBLE)"}
            }'
        ) as reconciliation
    from ledger_events
    where kind = 'reconciled'

),

accepted_positions as (

    select
        account_id,
        happening,
        accepted.reconciliation.at as happened_at,
        unnest(map_entries(accepted.reconciliation.account.positions)) as position
    from accepted
    where accepted.reconciliation.is_baseline

),

traded as (

    select distinct
        account_id,
        symbol
    from fills
    union
    select distinct
        account_id,
        accepted_positions.position.key as symbol
    from accepted_positions

),

-- acceptance of an account states each symbol ever held, those without a position as 0
stated as (

    select
        accepted.account_id,
        traded.symbol,
        accepted.reconciliation.at as happened_at,
        accepted.happening,
        coalesce(accepted_positions.position.value, 0) as quantity
    from accepted
    inner join traded on accepted.account_id = traded.account_id
    left join accepted_positions
        on
            accepted.account_id = accepted_positions.account_id
            and accepted.happening = accepted_positions.happening
            and traded.symbol = accepted_positions.position.key
    where accepted.reconciliation.is_baseline

),

happenings as (

    select
        *,
        1 as growth,
        null::double as stated
    from fills
    union all by name
    select
        account_id,
        restated.restatement.symbol,
        happened_at,
        happening,
        0 as change,
        restated.restatement.after / restated.restatement.before as growth
    from restated
    union all by name
    select
        account_id,
        symbol,
        happened_at,
        happening,
        0 as change,
        1 as growth,
        quantity as stated
    from stated

),

-- quantities and prices count in today's shares, as those of bars do; an era begins where an account is accepted
counted as (

    select
        *,
        coalesce(product(growth) over later, 1) as shares,
        count(stated) over so_far as era
    from happenings
    window
        so_far as (
            partition by account_id, symbol order by happened_at, happening
        ),
        later as (
            partition by account_id, symbol order by happened_at, happening
            rows between 1 following and unbounded following
        )

),

levels as (

    select
        *,
        sum(coalesce(stated, change) * shares) over (
            partition by account_id, symbol, era order by happened_at, happening
        ) as level
    from counted

),

-- shares sold that nobody saw come were there when the era began
eras as (

    select
        account_id,
        symbol,
        era,
        min(happened_at) as happened_at,
        coalesce(max(stated * shares), 0) as accepted,
        greatest(-min(level), 0) as unseen,
        sum(coalesce(stated, change) * shares) + unseen as remaining
    from levels
    group by account_id, symbol, era

),

moves as (

    select
        account_id,
        strategy_id,
        symbol,
        session_date,
        happened_at,
        2 as place,
        happening,
        change * shares as change,
        price / shares as price,
        commission
    from levels
    where change <> 0
    union all by name
    -- what a person accepted beyond that came, or went, without a price
    select
        account_id,
        symbol,
        timezone('America/New_York', happened_at)::date as session_date,
        happened_at,
        0 as place,
        accepted - coalesce(lag(remaining) over (partition by account_id, symbol order by era), 0) as change
    from eras
    qualify era > 0
    union all by name
    select
        account_id,
        symbol,
        happened_at,
        1 as place,
        unseen as change
    from eras

),

-- purchases and sales stand in a line each, first in, first out: a lot is where a purchase meets a sale
lines as (

    select
        *,
        sum(greatest(change, 0)) over so_far as bought_end,
        sum(greatest(-change, 0)) over so_far as sold_end
    from moves
    window so_far as (
        partition by account_id, symbol order by happened_at, place, happening
    )

),

purchases as (

    select
        *,
        change as quantity,
        bought_end - change as line_start,
        bought_end as line_end
    from lines
    where change > 0

),

-- what is not sold yet is sold last
sales as (

    select
        account_id,
        strategy_id,
        symbol,
        session_date,
        price,
        commission,
        -change as quantity,
        sold_end + change as line_start,
        sold_end as line_end
    from lines
    where change < 0
    union all by name
    select
        account_id,
        symbol,
        max(bought_end) - max(sold_end) as quantity,
        max(sold_end) as line_start,
        max(bought_end) as line_end
    from lines
    group by account_id, symbol

),

lots as (

    select
        purchases.account_id,
        coalesce(purchases.strategy_id, sales.strategy_id) as strategy_id,
        purchases.symbol,
        purchases.session_date as entry_session,
        purchases.price as entry_price,
        sales.session_date as exit_session,
        sales.price as exit_price,
        least(purchases.line_end, sales.line_end) as line_end,
        least(purchases.line_end, sales.line_end) - greatest(purchases.line_start, sales.line_start) as quantity,
        purchases.commission / purchases.quantity as entry_cost,
        if(sales.session_date is null, 0, sales.commission / sales.quantity) as exit_cost
    from purchases
    inner join sales
        on
            purchases.account_id = sales.account_id
            and purchases.symbol = sales.symbol
            -- less is rounding
            and least(purchases.line_end, sales.line_end) - greatest(purchases.line_start, sales.line_start) > 1e-6

),

newest_bars as (

    select
        symbol,
        max(session_date) as session_date,
        max_by(close, session_date) as close
    from {{ ref('bars') }}
    group by symbol

),

-- an open lot is worth the newest close, once there is one since it was bought
valued as (

    select
        lots.*,
        case
            when lots.exit_session is not null then lots.exit_price
            when newest_bars.session_date >= lots.entry_session then newest_bars.close
        end as value,
        coalesce(lots.exit_session, newest_bars.session_date) as last_session
    from lots
    left join newest_bars on lots.symbol = newest_bars.symbol

),

timed as (

    select
        valued.*,
        count(exchange_sessions.session_date) as sessions_held
    from valued
    left join {{ source('landing', 'exchange_sessions') }} as exchange_sessions
        on
            valued.entry_session < exchange_sessions.session_date
            and valued.last_session >= exchange_sessions.session_date
    group by all

)

select
    account_id,
    strategy_id,
    symbol,
    row_number() over (partition by account_id, symbol order by line_end) as lot,
    entry_session,
    entry_price,
    exit_session,
    exit_price,
    sessions_held,
    quantity,
    value / entry_price - 1 as gross_return,
    quantity * (entry_cost + exit_cost) as cost,
    quantity * (value - entry_price - coalesce(entry_cost, 0) - coalesce(exit_cost, 0)) as profit
from timed
