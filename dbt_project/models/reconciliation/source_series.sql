with

source_bars as (

    select * from {{ ref('source_bars') }}

),

source_ranks as (

    select * from {{ source('landing', 'source_ranks') }}

),

spans as (

    select
        symbol,
        series,
        source,
        series <> source as is_renamed,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date,
        max(session_date) filter (is_final) as last_final_date
    from source_bars
    group by all

)

select
    spans.symbol,
    spans.series,
    spans.source,
    spans.is_renamed,
    coalesce(source_ranks.rank, 1000)::integer as rank,
    spans.first_session_date,
    spans.last_session_date,
    spans.last_final_date
from spans
left join source_ranks on spans.source = source_ranks.source
