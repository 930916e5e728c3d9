with

candidates as (

    select distinct
        rankings.scenario_id,
        rankings.session_date,
        rankings.symbol,
        rankings.volatility
    from {{ ref('rankings') }} as rankings
    inner join {{ ref('sessions') }} as sessions
        on
            rankings.scenario_id = sessions.scenario_id
            and rankings.session_date = sessions.session_date
            and rankings.rank <= sessions.walk_depth

),

-- 2, above every cap, stands for a correlation that is not known
correlations as (

    select
        scenario_id,
        session_date,
        symbol_1 as symbol,
        symbol_2 as other,
        coalesce(correlation, 2) as correlation,
        null as volatility
    from {{ ref('correlations') }}
    union all
    select
        scenario_id,
        session_date,
        symbol_2 as symbol,
        symbol_1 as other,
        coalesce(correlation, 2) as correlation,
        null as volatility
    from {{ ref('correlations') }}
    union all
    select
        scenario_id,
        session_date,
        symbol,
        symbol as other,
        2 as correlation,
        volatility
    from candidates

),

matrix_rows as (

    select
        scenario_id,
        session_date,
        symbol,
        {{ ordered_list('correlation', 'other') }} as correlations,
        max(volatility) as volatility
    from correlations
    group by all

),

matrices as (

    select
        scenario_id,
        session_date,
        {{ ordered_list('symbol', 'symbol') }} as symbols,
        {{ ordered_list('volatility', 'symbol') }} as volatilities,
        {{ ordered_list('correlations', 'symbol') }} as correlations
    from matrix_rows
    group by all

)

select
    scenario_id,
    session_date,
    symbols,
    volatilities,
    correlations
from matrices
