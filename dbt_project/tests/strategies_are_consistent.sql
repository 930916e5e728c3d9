{{ config(meta={
    'description': 'One strategy is live, all share the windows of the features, each parameter is in its range.',
    'dagster': {'ref': {'name': 'strategies'}},
}) }}

with

strategies as (

    select * from {{ ref('strategies') }}

),

feature_windows as (

    select distinct
        atr_window,
        vol_window,
        corr_window,
        corr_min_obs
    from strategies

)

select
    null as strategy_id,
    'not exactly one strategy is live' as reason
from strategies
having count(*) filter (where is_live) <> 1
union all
select
    null as strategy_id,
    'strategies differ in a window that they must share' as reason
from feature_windows
having count(*) > 1
union all
select
    strategy_id,
    'a parameter is out of its range' as reason
from strategies
where
    (
        ema_fast between 2 and ema_slow - 1
        and top_n >= 1
        and corr_cap between -1 and 1
        and corr_min_obs between 2 and corr_window
        and atr_window >= 2
        and vol_window >= 2
        and max_weight > 0 and max_weight <= 1
        and cash_buffer >= 0 and cash_buffer < 1
        and slippage >= 0
        and commission_per_share >= 0
        and commission_minimum >= 0
        and commission_maximum >= 0 and commission_maximum < 1
        and initial_equity > 0
    ) is not true
