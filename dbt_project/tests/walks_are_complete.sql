{{ config(meta={
    'description': 'No walk ran out of the ranks it may look at. If one did, raise correlation_depth in portfolio.yaml, or let the pipeline deepen its session.',
}) }}

select
    *,
    'the walk needs more ranks: raise correlation_depth' as reason
from {{ ref('walks') }}
where is_cut_short is not false
