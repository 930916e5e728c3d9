{{ config(meta={
    'description': 'Every bar of the universe has its features, its averages and its place in the panel, and all are in their ranges.',
    'dagster': {'ref': {'name': 'panel'}},
}) }}

with

features as (

    select * from {{ ref('features') }}

),

panel as (

    select * from {{ ref('panel') }}

),

spans as (

    select distinct unnest([ema_fast, ema_slow]) as span
    from {{ ref('strategies') }}

),

bar_keys as (

    select
        scenario_id,
        symbol,
        session_date
    from {{ ref('stg_bars') }}

),

feature_keys as (

    select
        scenario_id,
        symbol,
        session_date
    from features

),

lost_bars as (

    {{ both_ways('bar_keys', 'feature_keys') }}

),

feature_returns as (

    select
        scenario_id,
        symbol,
        session_date,
        ret
    from features
    where ret is not null

),

panel_returns as (

    select
        scenario_id,
        symbol,
        session_date,
        ret
    from panel
    where ret is not null

),

lost_returns as (

    {{ both_ways('feature_returns', 'panel_returns') }}

),

features_out_of_range as (

    select
        scenario_id,
        symbol,
        session_date,
        'ret, true_range, atr or volatility is out of range' as reason
    from features
    where
        (
            (ret > -1 or bar_number = 0)
            and true_range >= 0
            and atr >= 0
            and atr_pct >= 0
            and coalesce(volatility, 0) >= 0
        ) is not true

),

lost_averages as (

    select
        scenario_id,
        symbol,
        session_date,
        'an average is missing or not positive' as reason
    from {{ ref('emas') }}
    group by all
    having count(*) filter (where ema > 0) <> (select count(*) from spans)

),

unpriced as (

    select
        scenario_id,
        symbol,
        session_date,
        'the panel has no last close' as reason
    from panel
    where (last_close > 0) is not true

)

select * from lost_bars
union all
select
    scenario_id,
    symbol,
    session_date,
    reason
from lost_returns
union all
select * from features_out_of_range
union all
select * from lost_averages
union all
select * from unpriced
