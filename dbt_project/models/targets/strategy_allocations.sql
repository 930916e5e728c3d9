with

strategies as (

    select * from {{ ref('strategies') }}

),

selections as (

    select
        allocation_id,
        scenario_id,
        session_date,
        max_weight,
        cash_buffer,
        unnest(selected_by) as selection
    from {{ ref('allocations') }}

),

selecting_trends as (

    select
        *,
        unnest(selection.trends) as trend
    from selections

)

select
    selecting_trends.scenario_id,
    strategies.strategy_id,
    selecting_trends.session_date,
    selecting_trends.allocation_id
from selecting_trends
inner join strategies
    on
        selecting_trends.trend.ema_fast = strategies.ema_fast
        and selecting_trends.trend.ema_slow = strategies.ema_slow
        and selecting_trends.selection.corr_cap = strategies.corr_cap
        and selecting_trends.selection.top_n = strategies.top_n
        and selecting_trends.max_weight = strategies.max_weight
        and selecting_trends.cash_buffer = strategies.cash_buffer
