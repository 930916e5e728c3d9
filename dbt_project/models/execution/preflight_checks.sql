with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where kind = 'preflight_checked'

),

unpacked as (

    select
        sequence,
        session_date,
        from_json(
            payload,
            '{
                "moment": "VARCHAR", "checked_at": "TIMESTAMPTZ",
                "checks": [{"code": "VARCHAR", "level": "VARCHAR", "message": "VARCHAR", "remedy": "VARCHAR"}]
            }'
        ) as preflight
    from ledger_events

),

listed as (

    select
        sequence,
        session_date,
        preflight,
        unnest(range(1, len(preflight.checks) + 1)) as place
    from unpacked

)

select
    sequence,
    place,
    session_date,
    preflight.moment,
    preflight.checked_at,
    preflight.checks[place].code as code,
    preflight.checks[place].level as level,
    preflight.checks[place].message as message,
    preflight.checks[place].remedy as remedy
from listed
