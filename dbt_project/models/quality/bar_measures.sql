with

exchange_sessions as (

    select
        session_date,
        row_number() over (order by session_date) as exchange_number
    from {{ source('landing', 'exchange_sessions') }}

),

universe_bars as (

    select
        bars.*,
        exchange_sessions.exchange_number,
        try(ln(bars.adj_close)) as level,
        try(ln(bars.high * bars.adj_close / bars.close)) as top,
        try(ln(bars.low * bars.adj_close / bars.close)) as bottom,
        try(ln(bars.adj_close / bars.close)) as adjustment
    from {{ ref('bars') }} as bars
    semi join {{ source('landing', 'universe') }} as universe on bars.symbol = universe.symbol
    left join exchange_sessions on bars.session_date = exchange_sessions.session_date

),

-- a bar beside its neighbours
sequenced as (

    select
        *,
        lag(session_date) over own_bars as previous_session_date,
        exchange_number - lag(exchange_number) over own_bars - 1 as missing_sessions,
        lag(close) over own_bars as previous_close,
        level - lag(level) over own_bars as move,
        lead(level) over own_bars - level as next_move,
        greatest(
            bottom - greatest(lag(top) over own_bars, lead(top) over own_bars),
            least(lag(bottom) over own_bars, lead(bottom) over own_bars) - top
        ) as island,
        greatest(
            top - greatest(level, lag(level) over own_bars), least(level, lag(level) over own_bars) - bottom
        ) as wick,
        adjustment - lag(adjustment) over own_bars as adjustment_step,
        (
            high = lag(high) over own_bars and low = lag(low) over own_bars and close = lag(close) over own_bars
            and open is not distinct from lag(open) over own_bars
            and (coalesce(volume, 0) = 0 or volume = lag(volume) over own_bars)
        ) as is_repeated
    from universe_bars
    window own_bars as (partition by symbol order by session_date)

),

-- robust: a wrong bar hardly moves a median; the shorter window follows a market that has woken up
scaled as (

    select
        *,
        if(count(move) over long_window >= 20, greatest(
            1.4826 * median(abs(move)) over long_window,
            1.4826 * median(abs(move)) over short_window,
            0.01 / close,
            0.0003
        ), null) as volatility
    from sequenced
    window
        long_window as (partition by symbol order by session_date rows between 63 preceding and 1 preceding),
        short_window as (partition by symbol order by session_date rows between 10 preceding and 1 preceding)

),

compared as (

    select
        *,
        move / volatility as sigmas,
        if(count(volatility) over peers > 3, median(move / volatility) over peers, 0) as peer_sigmas,
        if(count(volatility) over peers > 3, quantile_cont(wick / volatility, 0.8) over peers, 0) as peer_wick_sigmas
    from scaled
    window peers as (partition by session_date)

)

select
    symbol,
    session_date,
    previous_session_date,
    missing_sessions,
    close,
    previous_close,
    volume,
    dividend,
    move,
    next_move,
    move + coalesce(try(ln(open / close)), 0) as overnight_move,
    top - bottom as span,
    volatility,
    sigmas,
    peer_sigmas,
    next_move / volatility as next_sigmas,
    lead(peer_sigmas) over own_bars as next_peer_sigmas,
    island / volatility as island_sigmas,
    wick / volatility as wick_sigmas,
    peer_wick_sigmas,
    adjustment_step,
    0.0002 + 0.015 / least(close, adj_close) as adjustment_rounding,
    is_repeated
from compared
window own_bars as (partition by symbol order by session_date)
