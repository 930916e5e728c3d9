with

settings as (

    select * from {{ source('landing', 'settings') }}

),

longest_walks as (

    select max(top_n) as picks
    from {{ ref('strategies') }}

),

candidates as (

    select
        rankings.scenario_id,
        rankings.session_date,
        rankings.symbol,
        any_value(rankings.volatility) as volatility,
        min(rankings.rank) as best_rank
    from {{ ref('rankings') }} as rankings
    inner join {{ ref('walk_depths') }} as walk_depths
        on
            rankings.scenario_id = walk_depths.scenario_id
            and rankings.session_date = walk_depths.session_date
            and rankings.rank <= walk_depths.walk_depth
    group by rankings.scenario_id, rankings.session_date, rankings.symbol

),

-- the first of a ranking is always picked; where it is compared with all, a second pick is found without more
judged as (

    select
        candidates.*,
        candidates.best_rank = 1 as is_first,
        candidates.best_rank <= settings.walk_depth or longest_walks.picks > 2 as is_near
    from candidates
    cross join settings
    cross join longest_walks

)

select
    scenario_id,
    session_date,
    symbol,
    volatility,
    is_first,
    is_near,
    row_number() over (
        partition by scenario_id, session_date
        order by is_first desc, is_near desc, symbol asc
    )::integer as place
from judged
