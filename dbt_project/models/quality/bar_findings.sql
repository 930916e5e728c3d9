with

measures as materialized (

    select
        *,
        least(abs(sigmas), abs(sigmas - peer_sigmas)) as lone_sigmas,
        if(
            sigmas * next_sigmas < 0 and (sigmas - peer_sigmas) * (next_sigmas - next_peer_sigmas) < 0,
            island_sigmas + least(
                abs(sigmas), abs(next_sigmas), abs(sigmas - peer_sigmas), abs(next_sigmas - next_peer_sigmas)
            ),
            0
        ) as spike_sigmas
    from {{ ref('bar_measures') }}

),

limits as (

    select map(list(code), list(allowed)) as allowed from {{ ref('gates') }}

),

movers as (

    select
        *,
        abs(move) as size,
        span < least(abs(move) / 3, greatest(6 * volatility, 0.03)) as is_calm,
        coalesce(abs(move + next_move) < abs(move) / 2, false) as is_reversed
    from measures
    where lone_sigmas > 5 or spike_sigmas > 1

),

-- each of the two closes where the other one did
swapped as (

    select
        ones.symbol,
        ones.session_date
    from movers as ones
    semi join movers as others
        on
            ones.session_date = others.session_date
            and ones.symbol <> others.symbol
            and abs(try(ln(ones.close / others.previous_close))) < abs(try(ln(ones.close / ones.previous_close))) / 3
            and abs(try(ln(others.close / ones.previous_close)))
            < abs(try(ln(others.close / others.previous_close))) / 3

),

-- the way back of a bar out of place is no second finding
moves as (

    select
        movers.symbol,
        movers.session_date,
        case
            when swapped.symbol is not null then 'SYMBOLS_SWAPPED'
            when
                movers.size > limits.allowed['SPLIT_UNADJUSTED'] and movers.lone_sigmas > 8
                and movers.is_calm and not movers.is_reversed
                and list_min([
                    abs(abs(movers.overnight_move) - ln(ratio)) for ratio in {{ split_ratios() }}  -- noqa: RF02
                ])
                < least(greatest(6 * movers.volatility, 0.03), 0.15 * movers.size)
                then 'SPLIT_UNADJUSTED'
            when
                movers.lone_sigmas > limits.allowed['PRICE_MISPLACED'] and movers.size > 0.25 and movers.is_calm
                then 'PRICE_MISPLACED'
            when movers.spike_sigmas > limits.allowed['PRICE_SPIKE'] then 'PRICE_SPIKE'
            when movers.lone_sigmas > limits.allowed['MOVE_UNEXPLAINED'] then 'MOVE_UNEXPLAINED'
        end as code,
        case code
            when 'SYMBOLS_SWAPPED' then 1
            when 'SPLIT_UNADJUSTED' then movers.size
            when 'PRICE_SPIKE' then movers.spike_sigmas
            else movers.lone_sigmas
        end as value
    from movers
    cross join limits
    left join swapped on movers.symbol = swapped.symbol and movers.session_date = swapped.session_date
    left join movers as previous
        on movers.symbol = previous.symbol and movers.previous_session_date = previous.session_date
    where
        coalesce(previous.spike_sigmas, 0) <= limits.allowed['PRICE_SPIKE']
        or previous.spike_sigmas < movers.spike_sigmas

),

shapes as (

    select
        symbol,
        session_date,
        unnest([
            {
                'code': 'WICK_OUTSIDE',
                'value': if(wick_sigmas > 3 * peer_wick_sigmas, wick_sigmas, 0)
            },
            { 'code': if(is_repeated, 'BAR_REPEATED', 'VOLUME_ZERO'), 'value': (is_repeated or volume = 0)::double },
            {
                'code': 'ADJUSTMENT_MISMATCH',
                'value': abs(adjustment_step + ln(greatest(1 - dividend / previous_close, 1e-6))) - adjustment_rounding
            },
            { 'code': 'SESSIONS_MISSING', 'value': missing_sessions }
        ]) as finding
    from measures
    where
        is_repeated
        or volume = 0
        or missing_sessions > 0
        or wick_sigmas > 5
        or abs(adjustment_step + ln(greatest(1 - dividend / previous_close, 1e-6))) > adjustment_rounding

)

select
    symbol,
    session_date,
    code,
    value
from moves
where code is not null
union all
select
    symbol,
    session_date,
    finding.code,
    finding.value
from shapes
