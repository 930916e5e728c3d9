{{ config(meta={
    'description': 'Live targets are the live strategy\'s target weights of the newest session, or of the last good one while the book is held. Bars in quarantine keep their symbols at the last good weight, and no other has more than was decided. With CASH they add up to 1.',
    'dagster': {'ref': {'name': 'live_targets'}},
}) }}

with

live_targets as (

    select * from {{ ref('live_targets') }}

),

latest_session as (

    select
        max(sessions.session_date) as session_date,
        coalesce(any_value(live_holds.decided_session_date), max(sessions.session_date)) as decided_session_date
    from {{ ref('sessions') }} as sessions
    left join {{ ref('live_holds') }} as live_holds on sessions.session_date = live_holds.session_date
    where sessions.scenario_id = 0

),

expected as (

    select
        target_weights.strategy_id,
        latest_session.session_date,
        target_weights.symbol,
        target_weights.weight
    from {{ ref('target_weights') }} as target_weights
    inner join {{ ref('strategies') }} as strategies on target_weights.strategy_id = strategies.strategy_id
    inner join latest_session on target_weights.session_date = latest_session.decided_session_date
    where target_weights.scenario_id = 0 and strategies.is_live

),

positions as (

    select * from live_targets
    where symbol <> 'CASH'

),

kept as (

    select
        unnest(kept_symbols) as symbol,
        unnest(kept_weights) as weight
    from {{ ref('live_holds') }}

),

differences as (

    {{ both_ways('positions', 'expected') }}

),

-- beside kept weights the others may be less than decided
misjudged as (

    select
        positions.*,
        'another weight than the one kept, or more than was decided' as reason
    from positions
    left join kept on positions.symbol = kept.symbol
    left join expected on positions.symbol = expected.symbol
    where
        positions.weight <> kept.weight
        or (kept.symbol is null and (positions.weight <= expected.weight + 1e-9) is not true)

)

select * from differences
where not exists (select 1 from kept)
union all
select * from misjudged
where exists (select 1 from kept)
union all
select
    null as strategy_id,
    latest_session.session_date,
    null as symbol,
    sum(live_targets.weight) as weight,
    'the weights with CASH do not add up to 1' as reason
from latest_session
left join live_targets on latest_session.session_date = live_targets.session_date
where latest_session.session_date is not null
group by all
having (abs(sum(live_targets.weight) - 1) < 1e-9 and min(live_targets.weight) > -1e-9) is not true
