with

-- a year of bars, and the quarter before it
bars as (

    select
        all_bars.symbol,
        all_bars.session_date,
        all_bars.close,
        ln(all_bars.adj_close / lag(all_bars.adj_close) over own_bars) as move
    from {{ ref('bars') }} as all_bars
    semi join {{ source('landing', 'universe') }} as universe on all_bars.symbol = universe.symbol
    where all_bars.session_date > (select max(newest.session_date) - 480 from {{ ref('bars') }} as newest)
    window own_bars as (partition by all_bars.symbol order by all_bars.session_date)

),

measured as materialized (

    select
        symbol,
        session_date,
        dense_rank() over (order by session_date desc) - 1 as sessions_ago,
        move / greatest(
            1.4826 * median(abs(move)) over long_window,
            1.4826 * median(abs(move)) over short_window,
            0.01 / close,
            0.0003
        ) as sigmas
    from bars
    window
        long_window as (partition by symbol order by session_date rows between 63 preceding and 1 preceding),
        short_window as (partition by symbol order by session_date rows between 10 preceding and 1 preceding)

),

-- a wrong price in the past hardly counts: a move beyond 6 volatilities counts as 6
correlations as (

    select
        ones.symbol,
        others.symbol as companion,
        corr(greatest(-6, least(6, ones.sigmas)), greatest(-6, least(6, others.sigmas))) as correlation
    from measured as ones
    inner join measured as others on ones.session_date = others.session_date and ones.symbol <> others.symbol
    where ones.sessions_ago between 1 and 250
    group by ones.symbol, others.symbol
    having count(ones.sigmas + others.sigmas) >= 120

),

companions as (

    select * from correlations
    qualify row_number() over (partition by symbol order by correlation desc, companion asc) <= 3

),

-- what three companions do together, as far as the symbol usually follows them
expected as (

    select
        companions.symbol,
        measured.session_date,
        avg(companions.correlation) * median(measured.sigmas) as sigmas
    from companions
    inner join measured on companions.companion = measured.symbol
    where measured.sessions_ago <= 63
    group by companions.symbol, measured.session_date
    having count(measured.sigmas) = 3

),

residuals as (

    select
        measured.symbol,
        measured.session_date,
        measured.sessions_ago,
        measured.sigmas,
        measured.sigmas - expected.sigmas as residual,
        median(abs(measured.sigmas - expected.sigmas)) filter (measured.sessions_ago > 0)
            over (partition by measured.symbol) as usual_residual
    from measured
    inner join expected on measured.symbol = expected.symbol and measured.session_date = expected.session_date

)

select
    residuals.symbol,
    residuals.session_date,
    'PRICE_APART' as code,
    abs(residuals.residual) / greatest(1.4826 * residuals.usual_residual, 0.15) as value
from residuals
anti join {{ ref('bar_findings') }} as bar_findings
    on residuals.symbol = bar_findings.symbol and residuals.session_date = bar_findings.session_date
where residuals.sessions_ago = 0 and abs(residuals.sigmas) > 2
