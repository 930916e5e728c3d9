with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run' and order_ref is not null

),

fills as (

    select * from {{ ref('fills') }}

),

intended as (

    select
        *,
        from_json(
            payload, '{"symbol": "VARCHAR", "side": "VARCHAR", "quantity": "DOUBLE", "limit_price": "DOUBLE"}'
        ) as intent
    from ledger_events
    where kind = 'order_intended'
    qualify row_number() over (partition by account_id, order_ref order by recorded_at, sequence) = 1

),

told as (

    select
        account_id,
        order_ref,
        kind,
        json_extract_string(payload, '$.status') as status,
        json_extract_string(payload, '$.permanent_id')::bigint as permanent_id,
        case kind
            when 'order_reported' then nullif(json_extract_string(payload, '$.reason'), '')
            when 'notice'
                then concat_ws(
                    ' ', nullif(json_extract_string(payload, '$.code'), '0'), json_extract_string(payload, '$.text')
                )
        end as reason
    from ledger_events

),

-- reports come late and twice: the status of greatest precedence counts, as in OrderStatus
followed as (

    select
        account_id,
        order_ref,
        count(*) filter (where kind in ('order_sent', 'order_resent')) as sends,
        max(permanent_id) as permanent_id,
        max_by(
            status,
            list_position(['pending', 'submitted', 'pending_cancel', 'inactive', 'cancelled', 'filled'], status)
        ) as status,
        bool_or(kind = 'cancel_requested') as is_cancel_requested,
        coalesce(list_sort(list(distinct reason) filter (where reason is not null)), []) as reasons
    from told
    group by account_id, order_ref

),

filled as (

    select
        account_id,
        order_ref,
        sum(quantity) as quantity,
        sum(amount) / sum(quantity) as average_price,
        case when count(commission) = count(*) then sum(commission) end as commission
    from fills
    group by account_id, order_ref

)

select
    intended.account_id,
    intended.order_ref,
    intended.mode,
    intended.strategy_id,
    intended.session_date,
    intended.intent.symbol,
    intended.intent.side,
    intended.intent.quantity,
    intended.intent.limit_price,
    intended.recorded_at as intended_at,
    followed.sends,
    followed.permanent_id,
    followed.status,
    coalesce(filled.quantity, 0) as filled,
    filled.average_price,
    case when filled.order_ref is null then 0 else filled.commission end as commission,
    followed.is_cancel_requested,
    followed.reasons
from intended
inner join followed on intended.account_id = followed.account_id and intended.order_ref = followed.order_ref
left join filled on intended.account_id = filled.account_id and intended.order_ref = filled.order_ref
