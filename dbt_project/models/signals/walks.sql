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
        walk_depths.walk_depth
    from {{ ref('rankings') }} as rankings
    inner join {{ ref('walk_depths') }} as walk_depths
        on
            rankings.scenario_id = walk_depths.scenario_id
            and rankings.session_date = walk_depths.session_date

),

by_ranking as (

    select
        scenario_id,
        session_date,
        ranking_id,
        {{ ordered_list('symbol', 'rank') }} filter (where rank <= walk_depth) as symbols,
        count(*) > any_value(walk_depth) as is_cut
    from rankings
    group by all

),

-- rankings of the same symbols in the same order share their walks
candidates as (

    select
        scenario_id,
        session_date,
        symbols,
        bool_or(is_cut) as is_cut,
        list_sort(list(ranking_id)) as ranking_ids
    from by_ranking
    group by scenario_id, session_date, symbols

),

placed as (

    select
        candidates.*,
        matrices.correlations,
        matrices.symbols as matrix_symbols,
        matrices.volatilities as matrix_volatilities,
        [list_position(matrices.symbols, symbol) for symbol in candidates.symbols] as places  -- noqa: RF02
    from candidates
    inner join {{ ref('candidate_matrices') }} as matrices
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
                and list_max(list_select(placed.correlations[candidate[1]], taken)) <= rules.corr_cap,
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
    ranking_ids,
    corr_cap,
    [list_position(places, place)::integer for place in taken] as ranks,  -- noqa: RF02
    list_select(matrix_symbols, taken) as symbols,
    list_select(matrix_volatilities, taken) as volatilities,
    is_cut and len(taken) < longest as is_cut_short
from walked
