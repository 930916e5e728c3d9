with

strategies as (

    select * from {{ source('landing', 'strategies') }}

)

select
    strategy_id,
    grid_order,
    is_live,
    ema_fast,
    ema_slow,
    top_n,
    corr_cap,
    corr_window,
    corr_min_obs,
    atr_window,
    vol_window,
    max_weight,
    cash_buffer,
    slippage,
    commission_per_share,
    initial_equity
from strategies
