with

bars as (

    select * from {{ ref('stg_bars') }}

),

feature_windows as (

    select distinct
        vol_window,
        1.0 / atr_window as smoothing
    from {{ ref('strategies') }}

),

sequenced as (

    select
        *,
        row_number() over own_bars - 1 as bar_number,
        lag(adjusted_close) over own_bars as previous_close
    from bars
    window own_bars as (partition by scenario_id, symbol order by session_date)

),

ranges as (

    select
        *,
        adjusted_close / previous_close - 1 as ret,
        greatest(adjusted_high, previous_close) - least(adjusted_low, previous_close) as true_range
    from sequenced

),

varied as (

    select
        ranges.*,
        feature_windows.vol_window,
        list_stddev_samp(list(ranges.ret) over (
            partition by ranges.scenario_id, ranges.symbol
            order by ranges.bar_number
            rows between feature_windows.vol_window - 1 preceding and current row  -- noqa: PRS
        )) as volatility
    from ranges
    cross join feature_windows

),

observed as (

    select
        scenario_id,
        symbol,
        session_date,
        bar_number,
        true_range as observation
    from ranges

),

smoothings as (

    select smoothing from feature_windows

),

{{ exponential_averages() }}

select
    varied.scenario_id,
    varied.symbol,
    varied.session_date,
    varied.bar_number,
    varied.close,
    varied.adjusted_close,
    varied.ret,
    varied.true_range,
    atrs.average as atr,
    atrs.average / varied.adjusted_close as atr_pct,
    if(varied.bar_number >= varied.vol_window, varied.volatility, null) as volatility
from varied
inner join exponential_averages as atrs
    on
        varied.scenario_id = atrs.scenario_id
        and varied.symbol = atrs.symbol
        and varied.session_date = atrs.session_date
