{{ config(meta={
    'description': 'The symbols with a target weight are the picks, each of them and no other.',
    'dagster': {'ref': {'name': 'target_weights', 'version': 1}},
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
        scenario_id,
        strategy_id,
        session_date,
        symbol
    from {{ ref('target_weights') }}

)

{{ both_ways('picks', 'targets') }}
