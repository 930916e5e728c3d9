with

rules as (

    select
        ema_fast,
        ema_slow,
        corr_cap,
        max(top_n) as longest
    from {{ ref('strategies') }}
    group by all

),

rankings as (

    select
        rankings.*,
        sessions.walk_depth
    from {{ ref('rankings') }} as rankings
    inner join {{ ref('sessions') }} as sessions
        on
            rankings.scenario_id = sessions.scenario_id
            and rankings.session_date = sessions.session_date

),

candidates as (

    select
        scenario_id,
        session_date,
        ema_fast,
        ema_slow,
        min_by(symbol, rank, 100000) filter (where rank <= walk_depth) as symbols,
        min_by(volatility, rank, 100000) filter (where rank <= walk_depth) as volatilities,
        count(*) > any_value(walk_depth) as is_cut
    from rankings
    group by all

),

-- 2, above every cap, stands for a correlation that is not known
correlations as (

    select
        scenario_id,
        session_date,
        symbol_1 as symbol,
        symbol_2 as other,
        coalesce(correlation, 2) as correlation
    from {{ ref('correlations') }}
    union all
    select
        scenario_id,
        session_date,
        symbol_2 as symbol,
        symbol_1 as other,
        coalesce(correlation, 2) as correlation
    from {{ ref('correlations') }}
    union all
    select distinct
        scenario_id,
        session_date,
        symbol,
        symbol as other,
        2 as correlation
    from rankings
    where rank <= walk_depth

),

matrix_rows as (

    select
        scenario_id,
        session_date,
        symbol,
        min_by(correlation, other, 100000) as correlations
    from correlations
    group by all

),

matrices as (

    select
        scenario_id,
        session_date,
        min_by(symbol, symbol, 100000) as matrix_symbols,
        min_by(correlations, symbol, 100000) as matrix
    from matrix_rows
    group by all

),

-- each candidate as a list of one, its place in the matrix, so that the taken ones gather in a list of the same type
placed as (

    select
        candidates.*,
        matrices.matrix,
        [[list_position(matrices.matrix_symbols, symbol)] for symbol in candidates.symbols] as places  -- noqa: RF02
    from candidates
    inner join matrices
        on
            candidates.scenario_id = matrices.scenario_id
            and candidates.session_date = matrices.session_date

),

walked as (

    select
        placed.*,
        rules.corr_cap,
        rules.longest,
        list_reduce(  -- noqa: PRS, RF02
            placed.places,
            lambda taken, place : if(
                len(taken) < rules.longest
                and list_max(list_select(placed.matrix[place[1]], taken)) <= rules.corr_cap,
                taken || place,
                taken
            )
        ) as taken
    from placed
    inner join rules
        on
            placed.ema_fast = rules.ema_fast
            and placed.ema_slow = rules.ema_slow

),

picked as (

    select
        *,
        [list_position(places, [place]) for place in taken] as ranks
    from walked

)

select
    scenario_id,
    session_date,
    ema_fast,
    ema_slow,
    corr_cap,
    ranks,
    list_select(symbols, ranks) as symbols,
    list_select(volatilities, ranks) as volatilities,
    is_cut and len(ranks) < longest as is_cut_short
from picked
