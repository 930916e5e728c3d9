with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

intended as (

    select
        account_id,
        order_ref,
        min(session_date) as session_date
    from ledger_events
    where kind = 'order_intended'
    group by account_id, order_ref

),

executed as (

    select
        *,
        from_json(
            payload,
            '{
                "exec_id": "VARCHAR", "base_id": "VARCHAR", "revision": "BIGINT", "symbol": "VARCHAR",
                "side": "VARCHAR", "quantity": "DOUBLE", "price": "DOUBLE", "executed_at": "TIMESTAMPTZ"
            }'
        ) as execution
    from ledger_events
    where kind = 'executed'

),

commissions as (

    select
        account_id,
        json_extract_string(payload, '$.exec_id') as exec_id,
        max(json_extract_string(payload, '$.commission')::double) as commission
    from ledger_events
    where kind = 'commission_reported'
    group by all

),

-- before schema version 1 of the ledger, base_id and revision stood in exec_id alone, around its last dot
revised as (

    select
        executed.account_id,
        executed.execution.exec_id,
        executed.mode,
        executed.strategy_id,
        coalesce(intended.session_date, executed.session_date) as session_date,
        executed.order_ref,
        executed.execution.symbol,
        executed.execution.side,
        executed.execution.quantity,
        executed.execution.price,
        executed.execution.executed_at,
        commissions.commission,
        coalesce(executed.execution.base_id, regexp_replace(executed.execution.exec_id, '\.[^.]*$', '')) as base_id,
        coalesce(
            executed.execution.revision, try_cast(string_split(executed.execution.exec_id, '.')[-1] as bigint), 0
        ) as revision
    from executed
    left join intended on executed.account_id = intended.account_id and executed.order_ref = intended.order_ref
    left join commissions
        on executed.account_id = commissions.account_id and executed.execution.exec_id = commissions.exec_id

),

-- the newest revision may still wait for its commission: then it has that of the one before
paid as (

    select
        account_id,
        base_id,
        max_by(commission, revision) as commission,
        count(distinct exec_id) > 1 as is_corrected
    from revised
    group by account_id, base_id

),

newest as (

    select * from revised
    qualify row_number() over (partition by account_id, base_id order by revision desc) = 1

)

select
    newest.account_id,
    newest.exec_id,
    newest.mode,
    newest.strategy_id,
    newest.session_date,
    newest.order_ref,
    newest.symbol,
    newest.side,
    newest.quantity,
    newest.price,
    newest.quantity * newest.price as amount,
    paid.commission,
    newest.executed_at,
    paid.is_corrected
from newest
inner join paid on newest.account_id = paid.account_id and newest.base_id = paid.base_id
