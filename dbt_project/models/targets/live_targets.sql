with

live_strategy as (

    select strategy_id from {{ ref('strategies') }}
    where is_live

),

-- a book that is held repeats the targets of its last good session
latest_session as (

    select
        max(sessions.session_date) as session_date,
        coalesce(any_value(live_holds.decided_session_date), max(sessions.session_date)) as decided_session_date
    from {{ ref('sessions') }} as sessions
    left join {{ ref('live_holds') }} as live_holds on sessions.session_date = live_holds.session_date
    where sessions.scenario_id = 0

),

kept as (

    select
        unnest(kept_symbols) as symbol,
        unnest(kept_weights) as weight
    from {{ ref('live_holds') }}

),

-- what is left of the book beside them; null on an ordinary day
room as (

    select any_value(live_holds.invested_weight) - sum(kept.weight) as weight
    from kept
    cross join {{ ref('live_holds') }} as live_holds

),

decided as (

    select
        target_weights.symbol,
        target_weights.weight
    from {{ ref('target_weights') }} as target_weights
    inner join live_strategy on target_weights.strategy_id = live_strategy.strategy_id
    inner join latest_session on target_weights.session_date = latest_session.decided_session_date
    anti join kept on target_weights.symbol = kept.symbol
    where target_weights.scenario_id = 0

),

positions as (

    select
        decided.symbol,
        decided.weight * if(
            room.weight is null, 1, greatest(0, least(1, room.weight / nullif(sum(decided.weight) over (), 0)))
        ) as weight
    from decided
    cross join room
    where room.weight is null or room.weight > 1e-12
    union all
    select
        symbol,
        weight
    from kept
    where weight > 0

),

cash as (

    select
        'CASH' as symbol,
        1 - coalesce(sum(weight), 0) as weight
    from positions

),

combined as (

    select * from positions
    union all
    select * from cash

)

select
    live_strategy.strategy_id,
    latest_session.session_date,
    combined.symbol,
    combined.weight
from combined
cross join latest_session
cross join live_strategy
where latest_session.session_date is not null
