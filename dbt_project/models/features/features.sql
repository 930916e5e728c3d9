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
        sequenced.*,
        feature_windows.*,
        sequenced.adjusted_close / sequenced.previous_close - 1 as ret,
        greatest(sequenced.adjusted_high, sequenced.previous_close)
        - least(sequenced.adjusted_low, sequenced.previous_close) as true_range,
        sequenced.bar_number // {{ block_length() }} as block,
        sequenced.bar_number % {{ block_length() }} as position
    from sequenced
    cross join feature_windows

),

windowed as (

    select
        *,
        {{ decay('position', 'smoothing') }}
        * list_sum(list({{ undecayed('true_range', 'bar_number', 'smoothing') }}) over (
            partition by scenario_id, symbol, block order by bar_number
        )) as atr_of_block,
        list_stddev_samp(list(ret) over (
            partition by scenario_id, symbol
            order by bar_number
            rows between vol_window - 1 preceding and current row  -- noqa: PRS
        )) as volatility
    from ranges

),

endings as (

    select
        scenario_id,
        symbol,
        smoothing,
        block + 1 as block,
        list(atr_of_block) over (partition by scenario_id, symbol order by block) as ends
    from windowed
    where position = {{ block_length() }} - 1

),

block_ends as (

    select
        scenario_id,
        symbol,
        block,
        {{ inherited('ends', 'smoothing') }} as inherited_atr
    from endings

),

averaged as (

    select
        windowed.*,
        windowed.atr_of_block
        + coalesce(block_ends.inherited_atr * {{ decay('(windowed.position + 1)', 'windowed.smoothing') }}, 0) as atr
    from windowed
    left join block_ends
        on
            windowed.scenario_id = block_ends.scenario_id
            and windowed.symbol = block_ends.symbol
            and windowed.block = block_ends.block

)

select
    scenario_id,
    symbol,
    session_date,
    bar_number,
    close,
    adjusted_close,
    ret,
    true_range,
    atr,
    atr / adjusted_close as atr_pct,
    if(bar_number >= vol_window, volatility, null) as volatility
from averaged
