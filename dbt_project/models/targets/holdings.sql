with

allocations as (

    select * from {{ ref('allocations') }}

),

carried_allocations as (

    select * from {{ ref('carried_allocations') }}

),

sessions as (

    select * from {{ ref('sessions') }}

),

panel as (

    select * from {{ ref('panel') }}

),

vectors as (

    select
        allocation_id,
        scenario_id,
        session_date,
        symbols,
        weights
    from allocations
    union all
    select
        allocation_id,
        scenario_id,
        session_date,
        symbols,
        weights
    from carried_allocations

),

positions as (

    select
        scenario_id,
        session_date,
        allocation_id,
        unnest(symbols) as symbol,
        unnest(weights) as weight
    from vectors

),

-- a symbol without a bar returns nothing that session, and catches up at its next bar
performed as (

    select
        positions.allocation_id,
        positions.symbol,
        positions.weight,
        today.last_close as close,
        coalesce(tomorrow.ret, 0) as next_return,
        tomorrow.last_close as next_close
    from positions
    inner join panel as today
        on
            positions.scenario_id = today.scenario_id
            and positions.symbol = today.symbol
            and positions.session_date = today.session_date
    left join sessions
        on
            positions.scenario_id = sessions.scenario_id
            and positions.session_date = sessions.previous_session_date
    left join panel as tomorrow
        on
            sessions.scenario_id = tomorrow.scenario_id
            and sessions.session_date = tomorrow.session_date
            and positions.symbol = tomorrow.symbol

),

portfolios as (

    select
        allocation_id,
        sum(weight * next_return) as gross_return
    from performed
    group by allocation_id

)

select
    performed.allocation_id,
    performed.symbol,
    performed.weight,
    performed.close,
    performed.next_return,
    performed.next_close,
    performed.weight * (1 + performed.next_return) / (1 + portfolios.gross_return) as drifted_weight
from performed
inner join portfolios on performed.allocation_id = portfolios.allocation_id
