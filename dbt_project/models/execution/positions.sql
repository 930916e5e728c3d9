with

ledger_events as (

    select * from {{ source('landing', 'ledger_events') }}
    where mode is distinct from 'dry_run'

),

traded_closes as (

    select * from {{ ref('traded_closes') }}

),

finished as (

    select
        *,
        from_json(payload, '{"equity": "DOUBLE", "positions": "MAP(VARCHAR, DOUBLE)"}') as finish
    from ledger_events
    where kind = 'session_finished'
    qualify row_number() over (partition by account_id, session_date order by recorded_at desc, sequence desc) = 1

),

held as (

    select
        account_id,
        mode,
        strategy_id,
        session_date,
        finished.finish.equity,
        unnest(map_entries(finished.finish.positions)) as position
    from finished

)

select
    held.account_id,
    held.session_date,
    held.position.key as symbol,
    held.mode,
    held.strategy_id,
    held.position.value as quantity,
    traded_closes.close,
    held.position.value * traded_closes.close as amount,
    held.position.value * traded_closes.close / held.equity as weight
from held
left join traded_closes on held.position.key = traded_closes.symbol and held.session_date = traded_closes.session_date
