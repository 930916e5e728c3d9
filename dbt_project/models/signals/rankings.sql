with

features as (

    select * from {{ ref('features') }}

),

averages as (

    select
        scenario_id,
        symbol,
        session_date,
        map(list(span), list(ema)) as ema_by_span
    from {{ ref('emas') }}
    group by all

),

trends as (

    select distinct
        ema_fast,
        ema_slow,
        greatest(ema_slow, corr_window + 1) as warm_up_bars
    from {{ ref('strategies') }}

),

candidates as (

    select
        features.scenario_id,
        trends.ema_fast,
        trends.ema_slow,
        features.session_date,
        features.symbol,
        features.adjusted_close,
        features.atr_pct,
        features.volatility,
        averages.ema_by_span[trends.ema_fast] as fast,
        averages.ema_by_span[trends.ema_slow] as slow
    from features
    inner join averages
        on
            features.scenario_id = averages.scenario_id
            and features.symbol = averages.symbol
            and features.session_date = averages.session_date
    inner join trends on features.bar_number + 1 >= trends.warm_up_bars
    where features.volatility > 0 and features.atr > 0

),

scored as (

    select
        *,
        (adjusted_close / fast - 1) / atr_pct as score
    from candidates
    where fast > slow

)

select
    scenario_id,
    ema_fast,
    ema_slow,
    session_date,
    symbol,
    score,
    row_number() over (
        partition by scenario_id, ema_fast, ema_slow, session_date
        order by score desc, symbol asc
    ) as rank,
    volatility
from scored
