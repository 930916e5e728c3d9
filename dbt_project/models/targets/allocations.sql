with

strategies as (

    select * from {{ ref('strategies') }}

),

walks as (

    select * from {{ ref('walks') }}

),

distinct_selections as (

    select distinct
        walks.scenario_id,
        walks.session_date,
        strategies.max_weight,
        1 - strategies.cash_buffer as invested,
        walks.symbols[:strategies.top_n] as symbols,
        walks.volatilities[:strategies.top_n] as volatilities
    from walks
    inner join strategies
        on
            walks.ema_fast = strategies.ema_fast
            and walks.ema_slow = strategies.ema_slow
            and walks.corr_cap = strategies.corr_cap

),

inverse as (

    select
        *,
        list_reverse_sort([1 / volatility for volatility in volatilities]) as largest_first
    from distinct_selections

),

-- Pinning weights from the top is filling vessels of equal height: with the k largest pinned, a level of
-- (invested − k·max_weight) / Σ of the others would spend what is left. The true level is the highest of these,
-- because what a level can place is the least of the lines that they solve.
levelled as (

    select
        *,
        list_max([
            (invested - pinned * max_weight) / list_sum(largest_first[pinned + 1:])
            for pinned in range(len(largest_first))
        ]) as level
    from inverse

)

select
    row_number() over (order by scenario_id, session_date, max_weight, invested, symbols) as allocation_id,
    scenario_id,
    session_date,
    max_weight,
    invested,
    symbols,
    [least(max_weight, level / volatility) for volatility in volatilities] as weights
from levelled
