with

latest_session as (

    select max(session_date) as session_date
    from {{ ref('sessions') }}
    where scenario_id = 0

),

positions as (

    select
        target_weights.symbol,
        target_weights.weight
    from {{ ref('target_weights') }} as target_weights
    inner join {{ ref('strategies') }} as strategies on target_weights.strategy_id = strategies.strategy_id
    inner join latest_session on target_weights.session_date = latest_session.session_date
    where target_weights.scenario_id = 0 and strategies.is_live

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
    latest_session.session_date,
    combined.symbol,
    combined.weight
from combined
cross join latest_session
where latest_session.session_date is not null
