with

parameters as (

    select distinct
        corr_window,
        corr_min_obs
    from {{ ref('strategies') }}

),

candidates as (

    select distinct
        rankings.scenario_id,
        rankings.session_date,
        rankings.symbol
    from {{ ref('rankings') }} as rankings
    inner join {{ ref('sessions') }} as sessions
        on
            rankings.scenario_id = sessions.scenario_id
            and rankings.session_date = sessions.session_date
            and rankings.rank <= sessions.walk_depth

),

panel as (

    select * from {{ ref('panel') }}

),

-- a missing return stands as 0 in the list, and its session in the list of the missing
blocks as (

    select
        scenario_id,
        symbol,
        session_number // {{ block_length() }} as block,
        min_by(session_date, session_number, {{ block_length() }}) as session_dates,
        min_by(session_number, session_number, {{ block_length() }}) as session_numbers,
        min_by(coalesce(ret, 0), session_number, {{ block_length() }}) as rets,
        coalesce(list(session_number) filter (where ret is null), []) as missing
    from panel
    group by scenario_id, symbol, block

),

-- each block after as many before it as a window can reach back to
reaching_back as (

    select
        blocks.*,
        parameters.*,
        flatten(list(blocks.rets) over reach) as reached_rets,
        flatten(list(blocks.missing) over reach) as reached_missing,
        len(reached_rets) - len(blocks.rets) as earlier
    from blocks
    cross join parameters
    window reach as (
        partition by blocks.scenario_id, blocks.symbol
        order by blocks.block
        rows between (parameters.corr_window + {{ block_length() }} - 2) // {{ block_length() }} preceding and current row  -- noqa: PRS
    )

),

windowed as (

    select
        scenario_id,
        symbol,
        corr_min_obs,
        unnest(session_dates) as session_date,
        unnest(session_numbers) as session_number,
        unnest([
            reached_rets[greatest(earlier + place - corr_window, 0) + 1:earlier + place]
            for place in range(1, len(rets) + 1)
        ]) as rets,
        unnest([
            [session for session in reached_missing if session between newest - corr_window + 1 and newest]
            for newest in session_numbers
        ]) as missing
    from reaching_back

),

measured as (

    select
        windowed.scenario_id,
        windowed.session_date,
        windowed.session_number,
        windowed.symbol,
        windowed.corr_min_obs,
        windowed.rets,
        windowed.missing,
        list_sum(windowed.rets) as total,
        list_inner_product(windowed.rets, windowed.rets) as total_of_squares
    from windowed
    inner join candidates
        on
            windowed.scenario_id = candidates.scenario_id
            and windowed.session_date = candidates.session_date
            and windowed.symbol = candidates.symbol
    where not list_contains(windowed.missing, windowed.session_number)

),

-- sums over the sessions in which both have a return
pair_sums as (

    select
        one.scenario_id,
        one.session_date,
        one.symbol as symbol_1,
        other.symbol as symbol_2,
        one.corr_min_obs,
        len(one.rets) - len(list_distinct(one.missing || other.missing)) as n,
        one.total - {{ sum_at('one.rets', 'other.missing', 'one.session_number') }} as x,
        other.total - {{ sum_at('other.rets', 'one.missing', 'one.session_number') }} as y,
        one.total_of_squares - {{ sum_at('one.rets', 'other.missing', 'one.session_number', power=2) }} as xx,
        other.total_of_squares - {{ sum_at('other.rets', 'one.missing', 'one.session_number', power=2) }} as yy,
        list_inner_product(one.rets, other.rets) as xy
    from measured as one
    inner join measured as other
        on
            one.scenario_id = other.scenario_id
            and one.session_date = other.session_date
            and one.symbol < other.symbol

),

-- below this share of its mean square a variance is rounding noise: the series is constant
pair_variances as (

    select
        *,
        if(n * xx - x * x > 1e-12 * n * xx, n * xx - x * x, null) as variance_1,
        if(n * yy - y * y > 1e-12 * n * yy, n * yy - y * y, null) as variance_2
    from pair_sums

)

select
    scenario_id,
    session_date,
    symbol_1,
    symbol_2,
    if(n >= corr_min_obs, (n * xy - x * y) / sqrt(variance_1 * variance_2), null) as correlation,
    n as observations
from pair_variances
