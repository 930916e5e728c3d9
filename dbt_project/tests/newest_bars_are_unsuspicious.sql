{{ config(
    severity='warn',
    meta={
        'description': 'No gate has a finding in the newest sessions, which bear on tonight\'s decision.',
        'dagster': {'ref': {'name': 'bar_verdicts'}},
    }
) }}

select
    bar_verdicts.symbol,
    bar_verdicts.session_date,
    bar_verdicts.code,
    bar_verdicts.severity,
    bar_verdicts.explanation as reason
from {{ ref('bar_verdicts') }} as bar_verdicts
cross join {{ source('landing', 'settings') }} as settings
where bar_verdicts.sessions_ago < settings.quarantine_sessions and not bar_verdicts.is_acknowledged
