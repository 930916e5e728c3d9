with

-- a further score joins these here, for rankings of its own
scores as (

    select * from {{ ref('trend_scores') }}

)

select
    scenario_id,
    ranking_id,
    session_date,
    symbol,
    score,
    row_number() over (
        partition by scenario_id, ranking_id, session_date
        order by score desc, symbol asc
    ) as rank,
    volatility
from scores
