{{ config(meta={
    'description': 'Every symbol and session that was landed has a bar, and no other has.',
    'dagster': {'ref': {'name': 'bars'}},
}) }}

with

bar_keys as (

    select
        symbol,
        session_date
    from {{ ref('bars') }}

),

landed_keys as (

    select
        symbol,
        session_date
    from {{ source('landing', 'bar_versions') }}

)

{{ both_ways('bar_keys', 'landed_keys') }}
