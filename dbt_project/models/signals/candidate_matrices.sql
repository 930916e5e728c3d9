with

candidates as (

    select * from {{ ref('candidates') }}

),

-- 2, above every cap, stands for a correlation that is not known
pairs as (

    select
        correlations.scenario_id,
        correlations.session_date,
        one.place as place_1,
        other.place as place_2,
        coalesce(correlations.correlation, 2) as correlation
    from {{ ref('correlations') }} as correlations
    inner join candidates as one
        on
            correlations.scenario_id = one.scenario_id
            and correlations.session_date = one.session_date
            and correlations.symbol_1 = one.symbol
    inner join candidates as other
        on
            correlations.scenario_id = other.scenario_id
            and correlations.session_date = other.session_date
            and correlations.symbol_2 = other.symbol

),

cells as (

    select
        scenario_id,
        session_date,
        place_1 as place,
        place_2 as other_place,
        correlation
    from pairs
    union all
    select
        scenario_id,
        session_date,
        place_2 as place,
        place_1 as other_place,
        correlation
    from pairs
    union all
    select
        scenario_id,
        session_date,
        place,
        place as other_place,
        2 as correlation
    from candidates
    where is_near

),

matrix_rows as (

    select
        scenario_id,
        session_date,
        place,
        {{ ordered_list('correlation', 'other_place') }} as correlations
    from cells
    group by scenario_id, session_date, place

),

matrices as (

    select
        candidates.scenario_id,
        candidates.session_date,
        {{ ordered_list('candidates.symbol', 'candidates.place') }} as symbols,
        {{ ordered_list('candidates.volatility', 'candidates.place') }} as volatilities,
        {{ ordered_list('matrix_rows.correlations', 'candidates.place') }} as correlations
    from candidates
    inner join matrix_rows
        on
            candidates.scenario_id = matrix_rows.scenario_id
            and candidates.session_date = matrix_rows.session_date
            and candidates.place = matrix_rows.place
    group by candidates.scenario_id, candidates.session_date

)

select
    scenario_id,
    session_date,
    symbols,
    volatilities,
    correlations
from matrices
