with

strategies as (

    select * from {{ source('landing', 'strategies') }}

)

-- strategies that score and admit symbols by the same parameters share a ranking
select
    *,
    dense_rank() over (order by ema_fast, ema_slow)::integer as ranking_id
from strategies
