{{ config(meta={
    'description': 'Correlations are in [-1, 1] and only where there are enough observations; each pair stands in one order.',
    'dagster': {'ref': {'name': 'correlations'}},
}) }}

with

parameters as (

    select distinct
        corr_window,
        corr_min_obs
    from {{ ref('strategies') }}

),

judged as (

    select
        correlations.*,
        case
            when (correlations.symbol_1 < correlations.symbol_2) is not true then 'the pair is out of order'
            when correlations.observations not between 1 and parameters.corr_window
                then 'observations do not fit the window'
            when correlations.correlation not between -1 - 1e-12 and 1 + 1e-12
                then 'correlation is not in [-1, 1]'
            when correlations.correlation is not null and correlations.observations < parameters.corr_min_obs
                then 'too few observations'
        end as reason
    from {{ ref('correlations') }} as correlations
    cross join parameters

)

select * from judged
where reason is not null
