with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

fills as (

    select * from {{ ref('fills') }}

),

bars as (

    select * from {{ ref('bars') }}

),

corporate_actions as (

    select * from {{ ref('corporate_actions') }}

),

broker_statements as (

    select * from {{ ref('statements') }}
    where cash is not null and not list_has_any(missing, ['OpenPositions', 'CashReport'])

),

cash_movements as (

    select * from {{ ref('cash_movements') }}

),

exchange_sessions as (

    select * from {{ source('landing', 'exchange_sessions') }}

),

reconciled as (

    select
        account_id,
        sequence,
        from_json(
            payload,
            '{
                "at": "TIMESTAMPTZ",
                "account": {"net_liquidation": "DOUBLE", "cash": "DOUBLE", "positions": "MAP(VARCHAR, DOUBLE)"}
            }'
        ) as reconciliation
    from ledger_events
    where kind = 'reconciled'

),

-- looks of the program, the last of each day
looks as (

    select
        account_id,
        timezone('America/New_York', reconciled.reconciliation.at)::date as session_date,
        reconciled.reconciliation.at as stated_at,
        reconciled.reconciliation.account.net_liquidation as stated_equity,
        reconciled.reconciliation.account.cash,
        reconciled.reconciliation.account.positions
    from reconciled
    qualify row_number() over (partition by account_id, session_date order by stated_at desc, sequence desc) = 1

),

-- the broker's own statements, whose day ends at midnight: they know what was booked after the close
closings as (

    select
        broker_statements.account_id,
        broker_statements.last_day as session_date,
        timezone('America/New_York', broker_statements.last_day + interval 1 day - interval 1 second) as stated_at,
        broker_statements.cash,
        broker_statements.positions
    from broker_statements
    inner join exchange_sessions on broker_statements.last_day = exchange_sessions.session_date
    qualify
        row_number() over (
            partition by broker_statements.account_id, broker_statements.last_day
            order by broker_statements.generated_at desc, broker_statements.digest desc
        ) = 1

),

begun as (

    select
        account_id,
        min(session_date) as first_session
    from looks
    group by account_id

),

-- of a day that has both, the broker's own
statements as (

    select
        looks.account_id,
        looks.session_date,
        coalesce(closings.stated_at, looks.stated_at) as stated_at,
        looks.stated_equity,
        coalesce(closings.cash, looks.cash) as cash,
        coalesce(closings.positions, looks.positions) as positions
    from looks
    left join closings on looks.account_id = closings.account_id and looks.session_date = closings.session_date
    union all
    select
        closings.account_id,
        closings.session_date,
        closings.stated_at,
        null::double as stated_equity,
        closings.cash,
        closings.positions
    from closings
    inner join begun
        on closings.account_id = begun.account_id and closings.session_date > begun.first_session
    anti join looks on closings.account_id = looks.account_id and closings.session_date = looks.session_date

),

{{ priced_splits() }},

stated_positions as (

    select
        account_id,
        session_date,
        unnest(map_entries(positions)) as position
    from statements

),

-- today's shares, as prices count
held as (

    select
        stated_positions.account_id,
        stated_positions.session_date as stated_on,
        stated_positions.position.key as symbol,
        stated_positions.position.value * coalesce(product(splits.ratio), 1) as quantity
    from stated_positions
    left join splits
        on stated_positions.position.key = splits.symbol and stated_positions.session_date < splits.session_date
    group by stated_positions.account_id, stated_positions.session_date, stated_positions.position

),

traded as (

    select
        fills.account_id,
        fills.symbol,
        fills.executed_at,
        if(fills.side = 'BUY', 1, -1) * fills.quantity * coalesce(product(splits.ratio), 1) as quantity,
        if(fills.side = 'BUY', 1, -1) * fills.amount + coalesce(fills.commission, 0) as paid
    from fills
    left join splits on fills.symbol = splits.symbol and fills.session_date < splits.session_date
    group by
        fills.account_id, fills.exec_id, fills.symbol, fills.executed_at, fills.side, fills.quantity, fills.amount,
        fills.commission

),

days as (

    select
        statements.account_id,
        exchange_sessions.session_date
    from exchange_sessions
    inner join statements on exchange_sessions.session_date >= statements.session_date
    union
    select
        account_id,
        session_date
    from statements

),

-- a day has the cash and the shares of the newest statement
books as (

    select
        days.account_id,
        days.session_date,
        statements.session_date as stated_on,
        statements.cash,
        statements.stated_equity,
        lag(statements.session_date) over account_days as stated_before,
        lag(statements.cash) over account_days as cash_before
    from days
    asof inner join statements
        on days.account_id = statements.account_id and days.session_date >= statements.session_date
    window account_days as (
        partition by days.account_id order by days.session_date
    )

),

-- what its fills since the statement before are worth at the close, less what was paid for them
fill_gains as (

    select
        traded.account_id,
        statements.session_date,
        sum(traded.quantity * bars.close - traded.paid) as gain,
        bool_and(bars.close is not null) as is_priced
    from traded
    asof inner join statements
        on traded.account_id = statements.account_id and traded.executed_at <= statements.stated_at
    asof left join bars on traded.symbol = bars.symbol and statements.session_date >= bars.session_date
    group by traded.account_id, statements.session_date

),

-- what the broker has entered as paid in, and as income, since the statement before
entered as (

    select
        cash_movements.account_id,
        statements.session_date,
        sum(if(cash_movements.kind = 'deposit', cash_movements.base_amount, 0)) as deposits,
        sum(if(cash_movements.kind = 'deposit', 0, cash_movements.base_amount)) as income
    from cash_movements
    asof inner join statements
        on cash_movements.account_id = statements.account_id and cash_movements.happened_at <= statements.stated_at
    group by cash_movements.account_id, statements.session_date

),

-- the worth of a statement's shares at the close of a day
worths as (

    select
        books.account_id,
        books.session_date,
        held.stated_on,
        sum(held.quantity * bars.close) as worth,
        bool_and(bars.close is not null) as is_priced
    from books
    inner join held
        on books.account_id = held.account_id and held.stated_on in (books.stated_on, books.stated_before)
    asof left join bars on held.symbol = bars.symbol and books.session_date >= bars.session_date
    group by books.account_id, books.session_date, held.stated_on

),

valued as (

    select
        books.account_id,
        books.session_date,
        books.cash,
        if(books.session_date = books.stated_on, books.stated_equity, null) as stated_equity,
        if(coalesce(today.is_priced, true), books.cash + coalesce(today.worth, 0), null) as equity_at_closes,
        if(
            coalesce(before.is_priced, true) and coalesce(fill_gains.is_priced, true),
            books.cash_before + coalesce(before.worth, 0)
            + if(books.session_date = books.stated_on, coalesce(fill_gains.gain, 0), 0),
            null
        ) as explained_equity,
        coalesce(equity_at_closes, books.stated_equity) as equity,
        if(books.session_date = books.stated_on, coalesce(entered.deposits, 0), 0) as entered_deposits,
        if(books.session_date = books.stated_on, coalesce(entered.income, 0), 0) as entered_income
    from books
    left join worths as today
        on
            books.account_id = today.account_id
            and books.session_date = today.session_date
            and books.stated_on = today.stated_on
    left join worths as before
        on
            books.account_id = before.account_id
            and books.session_date = before.session_date
            and books.stated_before = before.stated_on
    left join fill_gains on books.account_id = fill_gains.account_id and books.session_date = fill_gains.session_date
    left join entered on books.account_id = entered.account_id and books.session_date = entered.session_date

),

unexplained as (

    select
        *,
        lag(equity) over account_days as equity_before,
        equity_at_closes - explained_equity as rest,
        row_number() over account_days - 1 as day_number
    from valued
    window account_days as (
        partition by account_id order by session_date
    )

),

-- what nobody has entered is a deposit from a hundredth of the equity on: income of a day stays below
flows as (

    select
        *,
        rest - entered_deposits - entered_income as not_entered,
        entered_deposits + if(abs(not_entered) >= 0.01 * equity_before, not_entered, not_entered * 0) as deposits,
        rest - deposits as income
    from unexplained

),

-- a deposit counts for half of its day
returns as (

    select
        *,
        (equity - equity_before - coalesce(deposits, 0))
        / (equity_before + coalesce(deposits, 0) / 2) as daily_return,
        first_value(equity) over account_days as first_equity,
        sum(coalesce(deposits, 0)) over account_days as all_deposits,
        sum(coalesce(deposits, 0) * (day_number - 0.5)) over account_days as deposit_days
    from flows
    window account_days as (
        partition by account_id order by session_date
    )

)

select
    account_id,
    session_date,
    equity,
    stated_equity,
    cash,
    deposits,
    income,
    daily_return,
    product(1 + coalesce(daily_return, 0)) over (
        partition by account_id order by session_date
    ) - 1 as time_weighted_return,
    if(
        day_number = 0,
        0,
        (equity - first_equity - all_deposits)
        / (first_equity + all_deposits - deposit_days / day_number)
    ) as money_weighted_return
from returns
