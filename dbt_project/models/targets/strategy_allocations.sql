with

strategies as (

    select * from {{ ref('strategies') }}

),

walks as (

    select * from {{ ref('walks') }}

),

allocations as (

    select * from {{ ref('allocations') }}

)

select
    walks.scenario_id,
    strategies.strategy_id,
    walks.session_date,
    allocations.allocation_id
from strategies
inner join walks
    on
        strategies.ema_fast = walks.ema_fast
        and strategies.ema_slow = walks.ema_slow
        and strategies.corr_cap = walks.corr_cap
inner join allocations
    on
        walks.scenario_id = allocations.scenario_id
        and walks.session_date = allocations.session_date
        and strategies.max_weight = allocations.max_weight
        and 1 - strategies.cash_buffer = allocations.invested
        and walks.symbols[:strategies.top_n] = allocations.symbols
