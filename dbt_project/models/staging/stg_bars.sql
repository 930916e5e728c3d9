with

bars as (

    select * from {{ ref('bars') }}

),

universe as (

    select * from {{ source('landing', 'universe') }}

)

select
    0::integer as scenario_id,
    bars.symbol,
    bars.session_date,
    bars.close,
    bars.high * bars.adj_close / bars.close as adjusted_high,
    bars.low * bars.adj_close / bars.close as adjusted_low,
    bars.adj_close as adjusted_close
from bars
inner join universe on bars.symbol = universe.symbol
