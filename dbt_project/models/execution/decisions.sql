with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}

),

-- the plan made from a decision is the next step of its run
steps as (

    select
        *,
        lead(kind) over run_steps as next_kind,
        lead(payload) over run_steps as next_payload
    from ledger_events
    where kind in ('decided', 'planned')
    window run_steps as (
        partition by account_id, run_id order by sequence
    )

),

decided as (

    select
        *,
        from_json(
            payload,
            '{
                "decided_at": "TIMESTAMPTZ", "lake_snapshot": "BIGINT", "targets_session": "DATE", "targets": "JSON",
                "prices": [{"kind": "VARCHAR", "as_of": "TIMESTAMPTZ"}], "selection": ["VARCHAR"],
                "correlations": "JSON", "parameters_hash": "VARCHAR",
                "account": {"net_liquidation": "DOUBLE", "cash": "DOUBLE", "settled_cash": "DOUBLE"}
            }'
        ) as decision,
        from_json(
            case when next_kind = 'planned' then next_payload end,
            '{
                "is_blocked": "BOOLEAN", "orders": ["JSON"], "refusals": [{"code": "VARCHAR"}],
                "tracking_error": "DOUBLE", "waits_for_settlement": "DOUBLE"
            }'
        ) as plan
    from steps
    where kind = 'decided'

)

select
    account_id,
    run_id,
    sequence,
    mode,
    strategy_id,
    session_date,
    decided.decision.decided_at,
    decided.decision.lake_snapshot,
    decided.decision.parameters_hash,
    decided.decision.targets_session,
    decided.decision.selection,
    decided.decision.targets::varchar as targets,
    decided.decision.correlations::varchar as correlations,
    decided.decision.account.net_liquidation as equity,
    decided.decision.account.cash,
    decided.decision.account.settled_cash,
    list_sort(list_distinct([price.kind for price in decided.decision.prices])) as price_kinds,
    epoch(decided.decision.decided_at) - epoch(list_min([price.as_of for price in decided.decision.prices]))
        as oldest_price_age,
    decided.plan.is_blocked,
    len(decided.plan.orders) as planned_orders,
    decided.plan.tracking_error,
    decided.plan.waits_for_settlement,
    list_sort([refusal.code for refusal in decided.plan.refusals]) as refusals
from decided
