with

strategy_allocations as (

    select * from {{ ref('strategy_allocations') }}

),

holdings as (

    select * from {{ ref('holdings') }}

)

select
    strategy_allocations.scenario_id,
    strategy_allocations.strategy_id,
    strategy_allocations.session_date,
    holdings.symbol,
    holdings.weight
from strategy_allocations
inner join holdings on strategy_allocations.allocation_id = holdings.allocation_id
