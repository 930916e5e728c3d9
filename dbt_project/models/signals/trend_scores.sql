with

features as (

    select * from {{ ref('features') }}

),

spans as (

    select list(distinct span order by span) as spans
    from {{ ref('emas') }}

),

-- every average of a bar in one row, in span order
averages as (

    select
        scenario_id,
        symbol,
        session_date,
        {{ ordered_list('ema', 'span') }} as emas
    from {{ ref('emas') }}
    group by scenario_id, symbol, session_date

),

rules as (

    select distinct
        strategies.ranking_id,
        strategies.ema_fast,
        list_position(spans.spans, strategies.ema_fast) as fast_position,
        list_position(spans.spans, strategies.ema_slow) as slow_position,
        {{ required_bars('strategies') }} as warm_up_bars
    from {{ ref('strategies') }} as strategies
    cross join spans

),

known as (

    select
        features.scenario_id,
        features.session_date,
        features.symbol,
        features.bar_number,
        features.adjusted_close,
        features.atr_pct,
        features.volatility,
        averages.emas
    from averages
    inner join features
        on
            averages.scenario_id = features.scenario_id
            and averages.symbol = features.symbol
            and averages.session_date = features.session_date
    where features.volatility > 0 and features.atr > 0

),

fasts as (

    select distinct
        ema_fast,
        fast_position
    from rules

),

-- the slow average decides who is ranked, and moves no score
scored as (

    select
        known.*,
        fasts.ema_fast,
        known.emas[fasts.fast_position] as fast,
        (known.adjusted_close / known.emas[fasts.fast_position] - 1) / known.atr_pct as score
    from known
    cross join fasts

)

select
    scored.scenario_id,
    rules.ranking_id,
    scored.session_date,
    scored.symbol,
    scored.score,
    scored.volatility
from scored
inner join rules on scored.ema_fast = rules.ema_fast
where
    scored.fast > scored.emas[rules.slow_position]
    and scored.bar_number + 1 >= rules.warm_up_bars
