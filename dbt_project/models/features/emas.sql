with

observed as (

    select
        scenario_id,
        symbol,
        session_date,
        bar_number,
        adjusted_close as observation
    from {{ ref('features') }}

),

spans as (

    select distinct unnest([ema_fast, ema_slow]) as span
    from {{ ref('strategies') }}

),

smoothings as (

    select
        span,
        2.0 / (span + 1) as smoothing
    from spans

),

{{ exponential_averages() }}

select
    scenario_id,
    symbol,
    session_date,
    span,
    average as ema
from exponential_averages
