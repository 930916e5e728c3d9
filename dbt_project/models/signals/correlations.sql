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
windowed as (

    select
        panel.scenario_id,
        panel.session_date,
        panel.session_number,
        panel.symbol,
        panel.ret,
        parameters.corr_min_obs,
        list(coalesce(panel.ret, 0)) over recent as rets,
        list(panel.session_number) filter (where panel.ret is null) over recent as missing
    from panel
    cross join parameters
    window recent as (
        partition by panel.scenario_id, panel.symbol
        order by panel.session_number
        rows between parameters.corr_window - 1 preceding and current row  -- noqa: PRS
    )

),

measured as (

    select
        windowed.scenario_id,
        windowed.session_date,
        windowed.session_number,
        windowed.symbol,
        windowed.corr_min_obs,
        windowed.rets,
        coalesce(windowed.missing, []) as missing,
        list_sum(windowed.rets) as total,
        list_inner_product(windowed.rets, windowed.rets) as total_of_squares
    from windowed
    inner join candidates
        on
            windowed.scenario_id = candidates.scenario_id
            and windowed.session_date = candidates.session_date
            and windowed.symbol = candidates.symbol
    where windowed.ret is not null

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
