with

bars as (

    select
        bars.symbol,
        bars.session_date,
        bars.dividend,
        bars.dividend / bars.close as payout,
        1 - bars.close / lag(bars.close) over (partition by bars.symbol order by bars.session_date) as fall
    from {{ ref('bars') }} as bars
    semi join {{ source('landing', 'universe') }} as universe on bars.symbol = universe.symbol

),

payments as (

    select
        symbol,
        session_date,
        payout,
        row_number() over own_payments as payment_number,
        session_date - lag(session_date) over own_payments as gap,
        lag(session_date) over own_payments - lag(session_date, 2) over own_payments as gap_before,
        lead(session_date) over own_payments as next_date
    from bars
    where dividend > 0
    window own_payments as (partition by symbol order by session_date)

),

-- peers paid on the same day; steady ones on one more of the last three, too
pairs as (

    select
        ones.*,
        others.symbol as peer,
        others.next_date as due_date,
        count(*) over (
            partition by ones.symbol, others.symbol
            order by ones.payment_number range between 2 preceding and current row
        ) > 1 as is_steady
    from payments as ones
    inner join payments as others on ones.session_date = others.session_date and ones.symbol <> others.symbol

),

-- a year later the same peers pay again
seasonal as (

    select
        pairs.symbol,
        pairs.payout,
        payments.session_date as due_date,
        count(*) as peers
    from pairs
    inner join payments
        on
            pairs.peer = payments.symbol
            and payments.session_date between pairs.session_date + 350 and pairs.session_date + 380
    group by all

),

due as (

    select
        symbol,
        session_date,
        due_date,
        any_value(payout) as payout,
        any_value(next_date) as next_date,
        (due_date - session_date) / any_value(gap) as rhythm,
        (due_date - session_date) / any_value(gap_before) as rhythm_before,
        count(*) as peers,
        count(*) / sum(count(*)) over (partition by symbol, session_date) as fraction
    from pairs
    where due_date is not null and is_steady
    group by symbol, session_date, due_date

),

expected as (

    select
        symbol,
        due_date,
        payout,
        peers,
        fraction,
        coalesce(rhythm between 0.6 and 1.6 and rhythm_before between 0.6 and 1.6, false) as is_in_rhythm
    from due
    union all
    select
        symbol,
        due_date,
        payout,
        peers,
        0.65 as fraction,
        false as is_in_rhythm
    from seasonal

)

-- in the symbol's own rhythm, or with a fall that fits; who pays a few days later is only late
select
    expected.symbol,
    expected.due_date as session_date,
    'DIVIDEND_MISSING' as code,
    max(expected.fraction) as value
from expected
inner join bars on expected.symbol = bars.symbol and expected.due_date = bars.session_date
anti join payments
    on
        expected.symbol = payments.symbol
        and payments.session_date between expected.due_date - 7 and expected.due_date + 7
where
    expected.peers > 1
    and (expected.is_in_rhythm or bars.fall between expected.payout / 2 and expected.payout * 1.5)
group by all
