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
    from {{ ref('inverse_volatility_weights') }}

),

selecting_rankings as (

    select
        *,
        unnest(selection.ranking_ids) as ranking_id
    from selections

)

select
    selecting_rankings.scenario_id,
    strategies.strategy_id,
    selecting_rankings.session_date,
    selecting_rankings.allocation_id
from selecting_rankings
inner join strategies
    on
        selecting_rankings.ranking_id = strategies.ranking_id
        and selecting_rankings.selection.corr_cap = strategies.corr_cap
        and selecting_rankings.selection.top_n = strategies.top_n
        and selecting_rankings.max_weight = strategies.max_weight
        and selecting_rankings.cash_buffer = strategies.cash_buffer
