with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where kind = 'statement_read'

),

unpacked as (

    select
        account_id,
        recorded_at,
        from_json(
            payload,
            '{
                "digest": "VARCHAR", "file": "VARCHAR", "statement": {
                    "first_day": "DATE", "last_day": "DATE", "generated_at": "TIMESTAMPTZ", "missing": ["VARCHAR"],
                    "base_cash": "DOUBLE", "positions": "MAP(VARCHAR, DOUBLE)", "trades": ["JSON"], "movements": ["JSON"]
                }
            }'
        ) as known
    from ledger_events

)

select
    account_id,
    known.statement.first_day,
    known.statement.last_day,
    known.digest,
    known.statement.generated_at,
    recorded_at as read_at,
    known.file,
    known.statement.missing,
    len(known.statement.trades) as trades,
    len(known.statement.movements) as movements,
    known.statement.base_cash as cash,
    known.statement.positions
from unpacked
