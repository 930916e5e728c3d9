with

comparisons as (

    select * from {{ ref('source_comparisons') }}

),

-- each pair from either side
directed as (

    select
        *,
        source_a as series,
        source_b as other_series,
        close_a / close_b as close_ratio,
        adj_close_a / adj_close_b as adj_close_ratio
    from comparisons
    union all
    select
        *,
        source_b as series,
        source_a as other_series,
        close_b / close_a as close_ratio,
        adj_close_b / adj_close_a as adj_close_ratio
    from comparisons

),

measured as (

    select
        symbol,
        series,
        other_series,
        count(*) as shared_sessions,
        avg((is_close_different or is_return_different)::integer) as different_share,
        count(*) filter (
            (is_close_different or is_return_different) and shared_from_start > shared_sessions - 20
        ) as recent_differences,
        count(*) filter (is_return_different and shared_from_start > shared_sessions - 20) as end_differences,
        count(*) filter (is_return_different and shared_from_start <= 20) as start_differences,
        median(close_ratio) filter (shared_from_start > shared_sessions - 20) as end_step,
        median(close_ratio) filter (shared_from_start <= 20) as start_step,
        arg_max(adj_close_ratio, session_date) as end_adjusted_factor,
        arg_min(adj_close_ratio, session_date) as start_adjusted_factor
    from directed
    group by all

)

select
    symbol,
    series,
    other_series,
    shared_sessions,
    shared_sessions >= 6 and recent_differences = 0 and different_share <= 0.01 as is_agreeing,
    shared_sessions >= 6 and end_differences = 0 as is_end_sound,
    shared_sessions >= 6 and start_differences = 0 as is_start_sound,
    case when abs(try(ln(end_step))) < 0.01 then 1.0 else {{ split_ratio('end_step') }} end as end_price_factor,
    case when abs(try(ln(start_step))) < 0.01 then 1.0 else {{ split_ratio('start_step') }} end as start_price_factor,
    end_adjusted_factor,
    start_adjusted_factor
from measured
