with

ledger_events as (

    select
        sequence,
        recorded_at,
        session_date,
        kind,
        json_extract_string(payload, '$.key') as key,
        payload
    from {{ source('landing', 'ledger_events') }}
    where kind in ('alert_raised', 'alert_sent', 'alert_acknowledged')

),

sent as (

    select
        key,
        count(*) as attempts,
        list(distinct json_extract_string(payload, '$.channel')) filter (
            json_extract_string(payload, '$.is_delivered') = 'true'
        ) as delivered_to,
        min(recorded_at) filter (json_extract_string(payload, '$.is_delivered') = 'true') as delivered_at
    from ledger_events
    where kind = 'alert_sent'
    group by key

),

acknowledged as (

    select
        key,
        min(recorded_at) as acknowledged_at,
        arg_min(json_extract_string(payload, '$.by'), sequence) as acknowledged_by
    from ledger_events
    where kind = 'alert_acknowledged'
    group by key

)

select
    ledger_events.sequence as alert_number,
    ledger_events.recorded_at as raised_at,
    ledger_events.session_date,
    json_extract_string(ledger_events.payload, '$.kind') as kind,
    json_extract_string(ledger_events.payload, '$.severity') as severity,
    json_extract_string(ledger_events.payload, '$.code') as code,
    json_extract_string(ledger_events.payload, '$.title') as title,
    json_extract_string(ledger_events.payload, '$.text') as text,
    json_extract_string(ledger_events.payload, '$.remedy') as remedy,
    coalesce(sent.attempts, 0) as attempts,
    coalesce(list_sort(sent.delivered_to), []) as delivered_to,
    sent.delivered_at,
    acknowledged.acknowledged_at,
    acknowledged.acknowledged_by
from ledger_events
left join sent on ledger_events.key = sent.key
left join acknowledged on ledger_events.key = acknowledged.key
where ledger_events.kind = 'alert_raised'
