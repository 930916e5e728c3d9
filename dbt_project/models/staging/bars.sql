with

source_bars as (

    select * from {{ ref('source_bars') }}

),

segments as (

    select * from {{ ref('bar_segments') }}

)

select
    source_bars.symbol,
    source_bars.session_date,
    source_bars.open * segments.price_factor as open,
    source_bars.high * segments.price_factor as high,
    source_bars.low * segments.price_factor as low,
    source_bars.close * segments.price_factor as close,
    source_bars.adj_close * segments.adjusted_factor as adj_close,
    source_bars.volume / segments.price_factor as volume,
    source_bars.dividend * segments.price_factor as dividend,
    source_bars.source,
    source_bars.is_final,
    source_bars.ingested_at,
    source_bars.batch_id
from source_bars
inner join segments
    on
        source_bars.symbol = segments.symbol
        and source_bars.series = segments.series
        and source_bars.session_date between segments.first_session_date and segments.last_session_date
