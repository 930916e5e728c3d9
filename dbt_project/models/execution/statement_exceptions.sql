with

ledger_events as (

    select
        *,
        json_extract_string(payload, '$.exception_id') as exception_id
    from {{ source('landing', 'ledger_events') }}
    where kind in ('exception_raised', 'exception_signed')

),

signed as (

    select
        account_id,
        exception_id,
        recorded_at as signed_at,
        json_extract_string(payload, '$.by') as signed_by,
        json_extract_string(payload, '$.reason') as reason
    from ledger_events
    where kind = 'exception_signed'

)

select
    ledger_events.account_id,
    ledger_events.exception_id,
    json_extract_string(ledger_events.payload, '$.code') as code,
    json_extract_string(ledger_events.payload, '$.day')::date as day,
    json_extract_string(ledger_events.payload, '$.subject') as subject,
    json_extract_string(ledger_events.payload, '$.broker') as broker,
    json_extract_string(ledger_events.payload, '$.ledger') as ledger,
    json_extract_string(ledger_events.payload, '$.message') as message,
    ledger_events.recorded_at as raised_at,
    signed.signed_at,
    signed.signed_by,
    signed.reason
from ledger_events
left join signed
    on ledger_events.account_id = signed.account_id and ledger_events.exception_id = signed.exception_id
where ledger_events.kind = 'exception_raised'
