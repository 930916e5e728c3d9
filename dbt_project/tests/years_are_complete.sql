{{ config(
    severity='warn',
    meta={
        'description': 'Each symbol has as many bars in a year as the exchange has sessions, from its first bar to the newest of the universe.',
        'dagster': {'ref': {'name': 'bar_years'}},
    }
) }}

select
    *,
    'bars are missing' as reason
from {{ ref('bar_years') }}
where bars <> expected_bars
