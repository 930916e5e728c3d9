{{ config(
    severity='warn',
    meta={
        'description': 'No symbol held or wanted is in quarantine, and the newest session is no bad market day: nothing of the targets is held.',
        'dagster': {'ref': {'name': 'live_holds'}},
    }
) }}

select * from {{ ref('live_holds') }}
