with

-- the mean is cheap, and one large move in a quarter hardly shows in it
bars as (

    select
        moved.*,
        greatest(1.25 * avg(abs(moved.move)) over (
            partition by moved.symbol order by moved.session_date rows between 63 preceding and 1 preceding
        ), 0.0002) as volatility
    from (
        select
            all_bars.symbol,
            all_bars.session_date,
            all_bars.dividend,
            all_bars.dividend / all_bars.close as payout,
            ln((all_bars.close + all_bars.dividend) / lag(all_bars.close) over own_bars) as move
        from {{ ref('bars') }} as all_bars
        semi join {{ source('landing', 'universe') }} as universe on all_bars.symbol = universe.symbol
        window own_bars as (partition by all_bars.symbol order by all_bars.session_date)
    ) as moved

),

numbered as (

    select
        symbol,
        session_date,
        payout,
        row_number() over own_payments as payment_number,
        session_date - lag(session_date) over own_payments as gap,
        coalesce(lead(session_date) over own_payments, date '9999-12-31') as next_date
    from bars
    where dividend > 0
    window own_payments as (partition by symbol order by session_date)

),

payments as (

    select
        *,
        count(gap) over last_four > 1 as is_regular,
        median(gap) over last_four as usual_gap,
        max(gap) over last_four / min(gap) over last_four as irregularity,
        median(payout) over last_four as usual_payout
    from numbered
    window last_four as (partition by symbol order by payment_number rows between 3 preceding and current row)

),

meetings as (

    select
        ones.symbol,
        others.symbol as peer,
        ones.session_date,
        ones.payout,
        ones.payment_number
    from payments as ones
    inner join payments as others on ones.session_date = others.session_date and ones.symbol <> others.symbol

),

-- the peers of a payment paid with the symbol twice among the last four
peers as (

    select
        symbol,
        peer,
        later_number as payment_number,
        count(*) over (partition by symbol, later_number) as peers
    from (
        select
            symbol,
            peer,
            payment_number + unnest(range(4)) as later_number
        from meetings
    ) as met
    group by symbol, peer, later_number
    having count(*) > 1

),

-- they pay again before the symbol does
due as (

    select
        payments.symbol,
        later.session_date,
        payments.usual_payout as payout,
        count(*) as payers,
        count(*) / any_value(peers.peers) as fraction,
        coalesce(
            payments.is_regular
            and (later.session_date - payments.session_date) / payments.usual_gap between 0.6 and 1.6,
            false
        ) as is_in_rhythm,
        payments.irregularity
    from payments
    inner join peers on payments.symbol = peers.symbol and payments.payment_number = peers.payment_number
    inner join payments as later
        on
            peers.peer = later.symbol
            and payments.session_date + 7 < later.session_date
            and payments.session_date + 400 > later.session_date
            and payments.next_date > later.session_date
    group by all
    having count(*) > 1

),

-- a year later those pay again that paid on the same day
seasonal as (

    select
        meetings.symbol,
        later.session_date,
        meetings.payout
    from meetings
    inner join payments as later
        on
            meetings.peer = later.symbol
            and later.session_date between meetings.session_date + 350 and meetings.session_date + 380
    group by meetings.symbol, meetings.session_date, later.session_date, meetings.payout
    having count(*) > 1

),

-- a quiet fund that pays regularly falls by what it usually pays, whoever else pays
falls as (

    select
        bars.symbol,
        bars.session_date,
        payments.usual_payout as payout
    from payments
    inner join bars
        on
            payments.symbol = bars.symbol
            and payments.session_date + 7 < bars.session_date
            and payments.next_date > bars.session_date
    where
        payments.is_regular
        and bars.session_date - payments.session_date < 1.6 * payments.usual_gap
        and payments.usual_payout > 3 * bars.volatility
        and -bars.move between 0.6 * payments.usual_payout and 1.5 * payments.usual_payout

),

candidates as (

    select
        symbol,
        session_date,
        payout,
        fraction,
        is_in_rhythm,
        irregularity,
        2.5 as clear_fall
    from due
    union all
    select
        symbol,
        session_date,
        payout,
        0.75 as fraction,
        false as is_in_rhythm,
        null as irregularity,
        2.5 as clear_fall
    from seasonal
    union all
    select
        symbol,
        session_date,
        payout,
        0.75 as fraction,
        false as is_in_rhythm,
        null as irregularity,
        1.7 as clear_fall
    from falls

),

market as (

    select
        bars.session_date,
        median(bars.move / bars.volatility) as sigmas
    from bars
    semi join candidates on bars.session_date = candidates.session_date
    group by bars.session_date

),

-- the part of a fall that the others did not have: in volatilities, and as a multiple of the payout
judged as (

    select
        candidates.*,
        bars.move,
        candidates.payout / bars.volatility as payout_sigmas,
        least(0, market.sigmas) - bars.move / bars.volatility as lone_fall_sigmas,
        (market.sigmas * bars.volatility - bars.move) / candidates.payout as fall_in_payouts
    from candidates
    inner join bars on candidates.symbol = bars.symbol and candidates.session_date = bars.session_date
    inner join market on candidates.session_date = market.session_date

)

-- who pays a few days later is only late; a tenth of a volatility changes nothing; a price that stood still denies it
select
    judged.symbol,
    judged.session_date,
    'DIVIDEND_MISSING' as code,
    max(judged.fraction) as value
from judged
anti join payments
    on
        judged.symbol = payments.symbol
        and payments.session_date between judged.session_date - 7 and judged.session_date + 7
where
    judged.payout_sigmas > 0.1
    and (
        judged.lone_fall_sigmas > judged.clear_fall
        or (judged.clear_fall > 2 and judged.move < 0 and judged.fall_in_payouts between 0.5 and 1.75)
        or (
            judged.is_in_rhythm and judged.irregularity < 4
            and judged.lone_fall_sigmas > judged.payout_sigmas - 4
        )
    )
group by judged.symbol, judged.session_date
