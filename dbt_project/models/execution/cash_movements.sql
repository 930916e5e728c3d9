with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where kind = 'cash_moved'

),

unpacked as (

    select
        account_id,
        from_json(
            payload,
            '{
                "transaction_id": "VARCHAR", "kind": "VARCHAR", "amount": "DOUBLE", "currency": "VARCHAR",
                "base_amount": "DOUBLE", "day": "DATE", "happened_at": "TIMESTAMPTZ", "symbol": "VARCHAR",
                "words": "VARCHAR", "stated_at": "TIMESTAMPTZ"
            }'
        ) as movement,
        payload
    from ledger_events

),

-- a transaction that the broker has restated counts as the newest statement has it
newest as (

    select * from unpacked
    qualify
        row_number() over (
            partition by account_id, unpacked.movement.transaction_id
            order by unpacked.movement.stated_at desc, payload desc
        ) = 1

)

select
    account_id,
    newest.movement.transaction_id,
    newest.movement.day,
    newest.movement.kind,
    nullif(newest.movement.symbol, '') as symbol,
    newest.movement.amount,
    newest.movement.currency,
    newest.movement.base_amount,
    newest.movement.happened_at,
    newest.movement.words
from newest
