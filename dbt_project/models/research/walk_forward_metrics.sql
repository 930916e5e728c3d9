with

walk_forward_daily as (

    select * from {{ ref('walk_forward_daily') }}

),

first_targets as (

    select
        scenario_id,
        min(session_date) as session_date
    from walk_forward_daily
    where is_invested
    group by all

),

measured as (

    select
        walk_forward_daily.scenario_id,
        'walk_forward' as series_id,
        walk_forward_daily.session_date,
        walk_forward_daily.net_return,
        walk_forward_daily.turnover
    from walk_forward_daily
    inner join first_targets
        on
            walk_forward_daily.scenario_id = first_targets.scenario_id
            and walk_forward_daily.session_date > first_targets.session_date

),

{{ performance() }}  -- noqa: PRS

select
    scenario_id,
    sessions,
    cagr,
    sharpe,
    calmar,
    max_drawdown,
    profit_factor,
    turnover_annual,
    total_return,
    volatility_annual
from performance
