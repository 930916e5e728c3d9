{{ config(meta={
    'description': 'No walk ran out of the ranks it may look at. A build deepens the session of one that does.',
}) }}

select
    *,
    'the walk needs more ranks than a build looks at' as reason
from {{ ref('walks') }}
where is_cut_short is not false
