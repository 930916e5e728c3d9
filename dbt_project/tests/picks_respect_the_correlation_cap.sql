{{ config(meta={
    'description': 'Any two picks of a walk have a known correlation of at most its cap.',
    'dagster': {'ref': {'name': 'walks'}},
}) }}

with

taken as (

    select
        scenario_id,
        session_date,
        corr_cap,
        symbols,
        unnest(symbols) as symbol
    from {{ ref('walks') }}

),

pairs as (

    select distinct
        scenario_id,
        session_date,
        corr_cap,
        symbol as symbol_1,
        unnest(symbols) as symbol_2
    from taken

)

select
    pairs.*,
    correlations.correlation,
    'two picks are too correlated, or nobody knows' as reason
from pairs
left join {{ ref('correlations') }} as correlations
    on
        pairs.scenario_id = correlations.scenario_id
        and pairs.session_date = correlations.session_date
        and pairs.symbol_1 = correlations.symbol_1
        and pairs.symbol_2 = correlations.symbol_2
where
    pairs.symbol_1 < pairs.symbol_2
    and (correlations.correlation <= pairs.corr_cap) is not true
