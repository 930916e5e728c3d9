{{ config(meta={
    'description': 'Every symbol and session that was landed has a bar of its source, and no other has; every final bar that a series rests on stands in it.',
    'dagster': {'ref': {'name': 'bars'}},
}) }}

with

changed as (

    select unnest([symbol, continued_as]) as symbol
    from {{ source('landing', 'symbol_changes') }}

),

source_keys as (

    select distinct
        symbol,
        source,
        session_date
    from {{ ref('source_bars') }}
    where symbol not in (select coalesce(changed.symbol, '') from changed)

),

landed_keys as (

    select distinct
        symbol,
        source,
        session_date
    from {{ source('landing', 'bar_versions') }}
    where symbol not in (select coalesce(changed.symbol, '') from changed)

),

differences as (

    {{ both_ways('source_keys', 'landed_keys') }}

)

select * from differences
union all
select
    source_bars.symbol,
    source_bars.source,
    source_bars.session_date,
    'the series lacks a bar of its base' as reason
from {{ ref('source_bars') }} as source_bars
inner join {{ ref('bar_segments') }} as bar_segments
    on
        source_bars.symbol = bar_segments.symbol
        and source_bars.series = bar_segments.series
        and bar_segments.role = 'base'
anti join {{ ref('bars') }} as bars
    on source_bars.symbol = bars.symbol and source_bars.session_date = bars.session_date
where source_bars.is_final
