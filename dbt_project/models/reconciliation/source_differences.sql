with

compared as (

    select
        symbol,
        session_date,
        source_a,
        source_b,
        unnest([
            { 'field': 'close', 'is_different': is_close_different, 'a': close_a, 'b': close_b * price_ratio },
            { 'field': 'adjusted_return', 'is_different': is_return_different, 'a': return_a, 'b': return_b },
            {
                'field': 'dividend',
                'is_different': is_dividend_different,
                'a': dividend_a,
                'b': dividend_b * price_ratio
            },
            { 'field': 'volume', 'is_different': is_volume_different, 'a': volume_a, 'b': volume_b / price_ratio }
        ]) as one
    from {{ ref('source_comparisons') }}

),

differences as (

    select
        symbol,
        session_date,
        source_a,
        source_b,
        one.field,
        one.a,
        one.b
    from compared
    where one.is_different

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
