with

candidates as (

    select * from {{ ref('candidates') }}

),

measured as (

    select
        return_windows.*,
        candidates.is_first,
        candidates.is_near,
        list_sum(return_windows.rets) as total,
        list_inner_product(return_windows.rets, return_windows.rets) as total_of_squares
    from {{ ref('return_windows') }} as return_windows
    inner join candidates
        on
            return_windows.scenario_id = candidates.scenario_id
            and return_windows.session_date = candidates.session_date
            and return_windows.symbol = candidates.symbol
    where not list_contains(return_windows.missing, return_windows.session_number)

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
            and (one.is_first or other.is_first or (one.is_near and other.is_near))

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
