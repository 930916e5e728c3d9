with

summed as (

    select
        symbol,
        session_date,
        code,
        arg_max(severity, recorded_at) filter (event = 'raised') as severity,
        arg_max(explanation, recorded_at) filter (event = 'raised') as explanation,
        min(recorded_at) filter (event = 'raised') as first_seen_at,
        max(recorded_at) filter (event = 'raised') as raised_at,
        max(recorded_at) filter (event = 'cleared') as cleared_at,
        bool_or(event = 'acknowledged') as is_acknowledged
    from {{ source('landing', 'verdict_events') }}
    group by symbol, session_date, code

)

select
    symbol,
    session_date,
    code,
    severity,
    explanation,
    first_seen_at,
    if(cleared_at > raised_at, cleared_at, null) as gone_at,
    coalesce(cleared_at > raised_at, false) is false as is_open,
    is_acknowledged
from summed
