with

comparisons as (

    select * from {{ ref('source_comparisons') }}

),

differences as (

    select
        symbol,
        session_date,
        source_a,
        source_b,
        'close' as field,
        close_a as a,
        close_b * price_ratio as b
    from comparisons
    where is_close_different
    union all
    select
        symbol,
        session_date,
        source_a,
        source_b,
        'adjusted_return' as field,
        return_a as a,
        return_b as b
    from comparisons
    where is_return_different
    union all
    select
        symbol,
        session_date,
        source_a,
        source_b,
        'dividend' as field,
        dividend_a as a,
        dividend_b * price_ratio as b
    from comparisons
    where is_dividend_different
    union all
    select
        symbol,
        session_date,
        source_a,
        source_b,
        'volume' as field,
        volume_a as a,
        volume_b / price_ratio as b
    from comparisons
    where is_volume_different

),

sides as (

    select
        symbol,
        session_date,
        field,
        unnest([source_a, source_b]) as source
    from differences

),

contradictions as (

    select
        symbol,
        session_date,
        field,
        source,
        count(*) as contradicted_by
    from sides
    group by all

)

select
    differences.symbol,
    differences.session_date,
    differences.source_a,
    differences.source_b,
    differences.field,
    differences.a,
    differences.b,
    differences.a - differences.b as difference,
    case
        when side_a.contradicted_by < side_b.contradicted_by then 'a_confirmed'
        when side_a.contradicted_by > side_b.contradicted_by then 'b_confirmed'
        else 'doubt'
    end as verdict
from differences
inner join contradictions as side_a
    on
        differences.symbol = side_a.symbol
        and differences.session_date = side_a.session_date
        and differences.field = side_a.field
        and differences.source_a = side_a.source
inner join contradictions as side_b
    on
        differences.symbol = side_b.symbol
        and differences.session_date = side_b.session_date
        and differences.field = side_b.field
        and differences.source_b = side_b.source
