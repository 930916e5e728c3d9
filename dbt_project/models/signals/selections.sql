with

strategies as (

    select * from {{ ref('strategies') }}

),

rankings as (

    select * from {{ ref('rankings') }}

),

walks as (

    select
        *,
        unnest(trends) as trend
    from {{ ref('walks') }}

)

select
    rankings.scenario_id,
    strategies.strategy_id,
    rankings.session_date,
    rankings.symbol,
    rankings.score,
    rankings.rank,
    list_position(walks.ranks[:strategies.top_n], rankings.rank) as pick
from strategies
inner join rankings
    on
        strategies.ema_fast = rankings.ema_fast
        and strategies.ema_slow = rankings.ema_slow
inner join walks
    on
        rankings.scenario_id = walks.scenario_id
        and rankings.session_date = walks.session_date
        and rankings.ema_fast = walks.trend.ema_fast
        and rankings.ema_slow = walks.trend.ema_slow
        and strategies.corr_cap = walks.corr_cap
