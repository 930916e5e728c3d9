{{ config(meta={
    'description': 'The symbols that a strategy decides for are the picks, each of them and no other.',
    'dagster': {'ref': {'name': 'strategy_allocations'}},
}) }}

with

picks as (

    select
        scenario_id,
        strategy_id,
        session_date,
        symbol
    from {{ ref('selections') }}
    where pick is not null

),

targets as (

    select
        strategy_allocations.scenario_id,
        strategy_allocations.strategy_id,
        strategy_allocations.session_date,
        holdings.symbol
    from {{ ref('strategy_allocations') }} as strategy_allocations
    inner join {{ ref('holdings') }} as holdings on strategy_allocations.allocation_id = holdings.allocation_id

)

{{ both_ways('picks', 'targets') }}
