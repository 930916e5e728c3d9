with

contested as (

    select symbol from {{ ref('source_series') }}
    group by symbol
    having count(*) > 1

),

contested_bars as (

    select source_bars.* from {{ ref('source_bars') }} as source_bars
    inner join contested on source_bars.symbol = contested.symbol
    where source_bars.is_final

),

shared as (

    select
        a.symbol,
        a.session_date,
        a.series as source_a,
        b.series as source_b,
        a.close as close_a,
        b.close as close_b,
        a.adj_close as adj_close_a,
        b.adj_close as adj_close_b,
        a.dividend as dividend_a,
        b.dividend as dividend_b,
        a.volume as volume_a,
        b.volume as volume_b
    from contested_bars as a
    inner join contested_bars as b
        on a.symbol = b.symbol and a.session_date = b.session_date and a.series < b.series

),

measured as (

    select
        *,
        adj_close_a / lag(adj_close_a) over by_date - 1 as return_a,
        adj_close_b / lag(adj_close_b) over by_date - 1 as return_b,
        -- one source may count in the shares of before a split
        median(close_a / close_b) over (partition by symbol, source_a, source_b) as price_ratio,
        -- both prices of a return are rounded to cents, in either source
        5e-4 + 0.02 / least(adj_close_a, adj_close_b) as return_tolerance,
        row_number() over by_date as shared_from_start,
        count(*) over (partition by symbol, source_a, source_b) as shared_sessions
    from shared
    window by_date as (
        partition by symbol, source_a, source_b order by session_date
    )

),

rebased as (

    select * replace (case when abs(try(ln(price_ratio))) < 0.01 then 1.0 else price_ratio end as price_ratio)
    from measured

)

select
    *,
    abs(close_a - close_b * price_ratio) > greatest(0.0101, 5e-4 * close_a) as is_close_different,
    coalesce(abs(return_a - return_b) > return_tolerance, false) as is_return_different,
    abs(dividend_a - dividend_b * price_ratio) > greatest(0.02, 0.05 * dividend_a) as is_dividend_different,
    coalesce(volume_a > 0 and volume_b > 0 and abs(log10(volume_a * price_ratio / volume_b)) > 1, false)
        as is_volume_different
from rebased
