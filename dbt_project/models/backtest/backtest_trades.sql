with

live_strategy as (

    select * from {{ ref('strategies') }}
    where is_live

),

decided as (

    select
        held_allocations.session_date,
        held_allocations.allocation_id
    from {{ ref('held_allocations') }} as held_allocations
    inner join live_strategy on held_allocations.strategy_id = live_strategy.strategy_id
    where held_allocations.scenario_id = 0

),

holdings as (

    select holdings.*
    from {{ ref('holdings') }} as holdings
    semi join decided on holdings.allocation_id = decided.allocation_id

),

series as (

    select
        sessions.scenario_id,
        live_strategy.strategy_id as series_id,
        sessions.session_date,
        sessions.session_number,
        coalesce(chosen.allocation_id, 0) as allocation_id,
        coalesce(held.allocation_id, 0) as previous_allocation_id,
        live_strategy.slippage,
        live_strategy.commission_per_share,
        live_strategy.commission_minimum,
        live_strategy.commission_maximum,
        live_strategy.initial_equity
    from {{ ref('sessions') }} as sessions
    cross join live_strategy
    left join decided as chosen on sessions.session_date = chosen.session_date
    left join decided as held on sessions.previous_session_date = held.session_date
    where sessions.scenario_id = 0

),

{{ accounting() }},  -- noqa: PRS

returns as (

    select
        backtest_returns.*,
        series.series_id,
        series.session_number,
        series.allocation_id,
        series.previous_allocation_id,
        series.initial_equity
    from {{ ref('backtest_returns') }} as backtest_returns
    inner join series
        on
            backtest_returns.scenario_id = series.scenario_id
            and backtest_returns.strategy_id = series.series_id
            and backtest_returns.session_date = series.session_date

),

{{ equity_curve() }},

-- a session's cost is shared by the value traded
charges as (

    select
        equity_curve.session_number,
        trades.symbol,
        equity_curve.equity / (1 - equity_curve.cost) * equity_curve.cost
        * trades.traded_weight / equity_curve.turnover as cost
    from equity_curve
    inner join trades
        on
            equity_curve.previous_allocation_id = trades.previous_allocation_id
            and equity_curve.allocation_id = trades.allocation_id
    where equity_curve.turnover > 0

),

held as (

    select
        equity_curve.session_number,
        equity_curve.session_date,
        holdings.symbol,
        holdings.weight,
        holdings.close,
        holdings.next_close,
        holdings.next_return,
        holdings.weight * holdings.next_return * equity_curve.equity as gain,
        equity_curve.session_number - row_number() over (
            partition by holdings.symbol order by equity_curve.session_number
        ) as stretch
    from equity_curve
    inner join holdings on equity_curve.allocation_id = holdings.allocation_id

),

-- in order: a view adds up anew, and must give the same bits each time
stretches as (

    select
        symbol,
        min(session_number) as entry_number,
        max(session_number) + 1 as exit_number,
        min_by(close, session_number) as entry_price,
        max_by(next_close, session_number) as exit_price,
        product(1 + next_return order by session_number) - 1 as gross_return,
        avg(weight order by session_number) as weight,
        sum(gain order by session_number) as gain
    from held
    group by symbol, stretch

),

paid as (

    select
        stretches.symbol,
        stretches.entry_number,
        sum(charges.cost order by charges.session_number) as cost
    from stretches
    inner join charges
        on
            stretches.symbol = charges.symbol
            and charges.session_number between stretches.entry_number and stretches.exit_number
    group by stretches.symbol, stretches.entry_number

)

select
    live_strategy.strategy_id,
    stretches.symbol,
    row_number() over (partition by stretches.symbol order by stretches.entry_number) as lot,
    entries.session_date as entry_session,
    stretches.entry_price,
    exits.session_date as exit_session,
    if(exits.session_date is null, null, stretches.exit_price) as exit_price,
    stretches.exit_number - stretches.entry_number - if(exits.session_date is null, 1, 0) as sessions_held,
    stretches.weight,
    stretches.gross_return,
    coalesce(paid.cost, 0) as cost,
    stretches.gain - coalesce(paid.cost, 0) as profit
from stretches
cross join live_strategy
inner join series as entries on stretches.entry_number = entries.session_number
left join series as exits on stretches.exit_number = exits.session_number
left join paid on stretches.symbol = paid.symbol and stretches.entry_number = paid.entry_number
