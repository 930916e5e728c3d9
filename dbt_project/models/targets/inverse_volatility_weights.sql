with

strategies as (

    select * from {{ ref('strategies') }}

),

walks as (

    select * from {{ ref('walks') }}

),

limits as (

    select distinct
        corr_cap,
        top_n,
        max_weight,
        cash_buffer
    from strategies

),

-- materialized: from here on, all threads take part
selections as materialized (

    select
        walks.scenario_id,
        walks.session_date,
        walks.ranking_ids,
        limits.*,
        walks.symbols[:limits.top_n] as picks,
        walks.volatilities[:limits.top_n] as volatilities
    from walks
    inner join limits on walks.corr_cap = limits.corr_cap

),

-- walks that picked the same symbols end in the same weights
distinct_selections as (

    select
        scenario_id,
        session_date,
        max_weight,
        cash_buffer,
        picks,
        any_value(volatilities) as volatilities,
        list({ 'ranking_ids': ranking_ids, 'corr_cap': corr_cap, 'top_n': top_n }) as selected_by
    from selections
    group by scenario_id, session_date, max_weight, cash_buffer, picks

),

inverse as (

    select
        *,
        1 - cash_buffer as invested,
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
    row_number() over (order by scenario_id, session_date, max_weight, cash_buffer, picks) as allocation_id,
    scenario_id,
    session_date,
    max_weight,
    cash_buffer,
    picks as symbols,
    [least(max_weight, level / volatility) for volatility in volatilities] as weights,
    selected_by
from levelled
