with

rules as (

    select
        corr_cap,
        max(top_n) as longest
    from {{ ref('strategies') }}
    group by corr_cap

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

by_trend as (

    select
        scenario_id,
        session_date,
        ema_fast,
        ema_slow,
        min_by(symbol, rank, 100000) filter (where rank <= walk_depth) as symbols,
        count(*) > any_value(walk_depth) as is_cut
    from rankings
    group by all

),

-- trends that rank the same symbols in the same order share their walks
candidates as (

    select
        scenario_id,
        session_date,
        symbols,
        bool_or(is_cut) as is_cut,
        list_sort(list({ 'ema_fast': ema_fast, 'ema_slow': ema_slow })) as trends
    from by_trend
    group by scenario_id, session_date, symbols

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
    select distinct
        scenario_id,
        session_date,
        symbol,
        symbol as other,
        2 as correlation,
        volatility
    from rankings
    where rank <= walk_depth

),

matrix_rows as (

    select
        scenario_id,
        session_date,
        symbol,
        min_by(correlation, other, 100000) as correlations,
        max(volatility) as volatility
    from correlations
    group by all

),

matrices as (

    select
        scenario_id,
        session_date,
        min_by(symbol, symbol, 100000) as matrix_symbols,
        min_by(volatility, symbol, 100000) as matrix_volatilities,
        min_by(correlations, symbol, 100000) as matrix
    from matrix_rows
    group by all

),

placed as (

    select
        candidates.*,
        matrices.matrix,
        matrices.matrix_symbols,
        matrices.matrix_volatilities,
        [list_position(matrices.matrix_symbols, symbol) for symbol in candidates.symbols] as places  -- noqa: RF02
    from candidates
    inner join matrices
        on
            candidates.scenario_id = matrices.scenario_id
            and candidates.session_date = matrices.session_date

),

-- each place as a list of one, so that the places taken gather in a list of the same type
walked as (

    select
        placed.*,
        rules.corr_cap,
        rules.longest,
        list_reduce(  -- noqa: PRS, RF02
            [[place] for place in placed.places],
            lambda taken, candidate : if(
                len(taken) < rules.longest
                and list_max(list_select(placed.matrix[candidate[1]], taken)) <= rules.corr_cap,
                taken || candidate,
                taken
            )
        ) as taken
    from placed
    cross join rules

)

select
    scenario_id,
    session_date,
    trends,
    corr_cap,
    [list_position(places, place)::integer for place in taken] as ranks,  -- noqa: RF02
    list_select(matrix_symbols, taken) as symbols,
    list_select(matrix_volatilities, taken) as volatilities,
    is_cut and len(taken) < longest as is_cut_short
from walked
