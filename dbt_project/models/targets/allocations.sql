with

inverse_volatility_weights as (

    select * from {{ ref('inverse_volatility_weights') }}

)

-- a further rule's vectors join these here, numbered on from the last
select
    allocation_id,
    scenario_id,
    session_date,
    symbols,
    weights
from inverse_volatility_weights
