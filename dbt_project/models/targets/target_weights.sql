with

held_allocations as (

    select * from {{ ref('held_allocations') }}

),

holdings as (

    select * from {{ ref('holdings') }}

)

select
    held_allocations.scenario_id,
    held_allocations.strategy_id,
    held_allocations.session_date,
    holdings.symbol,
    holdings.weight
from held_allocations
inner join holdings on held_allocations.allocation_id = holdings.allocation_id
