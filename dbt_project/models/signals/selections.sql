with

strategies as (

    select * from {{ ref('strategies') }}

),

rankings as (

    select * from {{ ref('rankings') }}

),

walks as (

    select
        *,
        unnest(ranking_ids) as ranking_id
    from {{ ref('walks') }}

)

select
    rankings.scenario_id,
    strategies.strategy_id,
    rankings.session_date,
    rankings.symbol,
    rankings.score,
    rankings.rank,
    list_position(walks.ranks[:strategies.top_n], rankings.rank) as pick
from strategies
inner join rankings on strategies.ranking_id = rankings.ranking_id
inner join walks
    on
        rankings.scenario_id = walks.scenario_id
        and rankings.session_date = walks.session_date
        and rankings.ranking_id = walks.ranking_id
        and strategies.corr_cap = walks.corr_cap
