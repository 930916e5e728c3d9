with

features as (

    select * from {{ ref('features') }}

),

spans as (

    select distinct unnest([ema_fast, ema_slow]) as span
    from {{ ref('strategies') }}

),

smoothed as (

    select
        features.scenario_id,
        features.symbol,
        features.session_date,
        features.bar_number,
        features.adjusted_close,
        spans.span,
        2.0 / (spans.span + 1) as smoothing,
        features.bar_number // {{ block_length() }} as block,
        features.bar_number % {{ block_length() }} as position
    from features
    cross join spans

),

windowed as (

    select
        *,
        {{ decay('position', 'smoothing') }}
        * list_sum(list({{ undecayed('adjusted_close', 'bar_number', 'smoothing') }}) over (
            partition by scenario_id, symbol, span, block order by bar_number
        )) as ema_of_block
    from smoothed

),

endings as (

    select
        scenario_id,
        symbol,
        span,
        smoothing,
        block + 1 as block,
        list(ema_of_block) over (partition by scenario_id, symbol, span order by block) as ends
    from windowed
    where position = {{ block_length() }} - 1

),

block_ends as (

    select
        scenario_id,
        symbol,
        span,
        block,
        {{ inherited('ends', 'smoothing') }} as inherited_ema
    from endings

)

select
    windowed.scenario_id,
    windowed.symbol,
    windowed.session_date,
    windowed.span,
    windowed.ema_of_block
    + coalesce(block_ends.inherited_ema * {{ decay('(windowed.position + 1)', 'windowed.smoothing') }}, 0) as ema
from windowed
left join block_ends
    on
        windowed.scenario_id = block_ends.scenario_id
        and windowed.symbol = block_ends.symbol
        and windowed.span = block_ends.span
        and windowed.block = block_ends.block
