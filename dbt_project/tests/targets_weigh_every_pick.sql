{{ config(meta={
    'description': 'The symbols that a strategy decides for are the picks, each of them and no other; a walk took them at their ranks.',
    'dagster': {'ref': {'name': 'strategy_allocations'}},
}) }}

with

strategies as (

    select * from {{ ref('strategies') }}

),

walks as (

    select
        *,
        unnest(ranking_ids) as ranking_id
    from {{ ref('walks') }}

),

picks as (

    select
        walks.scenario_id,
        strategies.strategy_id,
        walks.session_date,
        list_sort(walks.symbols[:strategies.top_n]) as symbols
    from walks
    inner join strategies
        on
            walks.ranking_id = strategies.ranking_id
            and walks.corr_cap = strategies.corr_cap

),

held as (

    select
        allocation_id,
        list_sort(list(symbol)) as symbols
    from {{ ref('holdings') }}
    group by allocation_id

),

targets as (

    select
        strategy_allocations.scenario_id,
        strategy_allocations.strategy_id,
        strategy_allocations.session_date,
        held.symbols
    from {{ ref('strategy_allocations') }} as strategy_allocations
    left join held on strategy_allocations.allocation_id = held.allocation_id

),

taken as (

    select distinct
        scenario_id,
        ranking_id,
        session_date,
        unnest(ranks) as rank,
        unnest(symbols) as symbol
    from walks

)

select
    coalesce(picks.scenario_id, targets.scenario_id) as scenario_id,
    coalesce(picks.strategy_id, targets.strategy_id) as strategy_id,
    coalesce(picks.session_date, targets.session_date) as session_date,
    picks.symbols as picks,
    targets.symbols as targets,
    'picks and targets differ' as reason
from picks
full join targets
    on
        picks.scenario_id = targets.scenario_id
        and picks.strategy_id = targets.strategy_id
        and picks.session_date = targets.session_date
where picks.symbols is distinct from targets.symbols
union all
select
    taken.scenario_id,
    null as strategy_id,
    taken.session_date,
    [taken.symbol] as picks,
    null as targets,
    'a walk takes a symbol that does not have its rank' as reason
from taken
anti join {{ ref('rankings') }} as rankings
    on
        taken.scenario_id = rankings.scenario_id
        and taken.ranking_id = rankings.ranking_id
        and taken.session_date = rankings.session_date
        and taken.rank = rankings.rank
        and taken.symbol = rankings.symbol
