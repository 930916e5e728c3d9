with

allocations as (

    select * from {{ ref('allocations') }}

),

sessions as (

    select * from {{ ref('sessions') }}

),

panel as (

    select * from {{ ref('panel') }}

),

-- bars that are missing and still awaited
awaited as (

    select
        panel.scenario_id,
        panel.symbol,
        panel.session_number,
        panel.missed_sessions
    from panel
    cross join {{ source('landing', 'settings') }} as settings
    where panel.missed_sessions between 1 and settings.stale_after_sessions - 1

),

first_awaited as (

    select
        sessions.scenario_id,
        sessions.previous_session_date as session_date,
        list(awaited.symbol) as symbols
    from awaited
    inner join sessions
        on
            awaited.scenario_id = sessions.scenario_id
            and awaited.session_number = sessions.session_number
    where awaited.missed_sessions = 1
    group by all

),

-- only an allocation that lacks a bar at once is waited with
positions as (

    select
        allocations.allocation_id,
        allocations.scenario_id,
        sessions.session_number as decided_number,
        generate_subscripts(allocations.symbols, 1) as position,
        unnest(allocations.symbols) as symbol,
        unnest(allocations.weights) as weight
    from allocations
    inner join first_awaited
        on
            allocations.scenario_id = first_awaited.scenario_id
            and allocations.session_date = first_awaited.session_date
            and list_has_any(allocations.symbols, first_awaited.symbols)
    inner join sessions
        on
            allocations.scenario_id = sessions.scenario_id
            and allocations.session_date = sessions.session_date

),

lacking as (

    select distinct
        positions.allocation_id,
        positions.decided_number,
        awaited.session_number
    from positions
    inner join awaited
        on
            positions.scenario_id = awaited.scenario_id
            and positions.symbol = awaited.symbol
            and positions.decided_number < awaited.session_number

),

-- one session after the other, until every symbol has a bar or counts as ended
waiting as (

    select
        *,
        session_number - decided_number as waited_sessions
    from lacking
    qualify waited_sessions = row_number() over (partition by allocation_id order by session_number)

),

grown as (

    select
        positions.*,
        waiting.session_number,
        waiting.waited_sessions,
        positions.weight * product(1 + coalesce(panel.ret, 0)) over (
            partition by positions.allocation_id, positions.position order by waiting.session_number
        ) as worth
    from waiting
    inner join positions on waiting.allocation_id = positions.allocation_id
    inner join panel
        on
            positions.scenario_id = panel.scenario_id
            and positions.symbol = panel.symbol
            and waiting.session_number = panel.session_number

),

drifted as (

    select
        allocation_id as decided_allocation_id,
        waited_sessions,
        scenario_id,
        session_number,
        list(symbol order by position) as symbols,
        list(worth order by position) as worths,
        list_sum(worths) + 1 - list_sum(list(weight order by position)) as equity
    from grown
    group by all

)

select
    -row_number() over (order by drifted.decided_allocation_id, drifted.waited_sessions) as allocation_id,
    drifted.decided_allocation_id,
    drifted.waited_sessions,
    drifted.scenario_id,
    sessions.session_date,
    drifted.symbols,
    [worth / drifted.equity for worth in drifted.worths] as weights  -- noqa: RF02
from drifted
inner join sessions
    on
        drifted.scenario_id = sessions.scenario_id
        and drifted.session_number = sessions.session_number
