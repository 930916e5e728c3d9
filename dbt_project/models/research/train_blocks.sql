with

windows as (

    select * from {{ ref('walk_forward_windows') }}

),

grid as (

    select strategy_id from {{ ref('strategies') }}
    where grid_order is not null

),

boundaries as (

    select
        scenario_id,
        train_start as block_start
    from windows
    union distinct
    select
        scenario_id,
        test_start as block_start
    from windows

),

session_blocks as (

    select
        sessions.scenario_id,
        sessions.session_date,
        max(boundaries.block_start) as block_start
    from {{ ref('sessions') }} as sessions
    inner join boundaries
        on
            sessions.scenario_id = boundaries.scenario_id
            and sessions.session_date >= boundaries.block_start
    group by all

),

sequences as (

    select
        returns.scenario_id,
        returns.strategy_id,
        session_blocks.block_start,
        {{ ordered_list('returns.net_return', 'returns.session_date') }} as net_returns
    from {{ ref('backtest_returns') }} as returns
    inner join grid on returns.strategy_id = grid.strategy_id
    inner join session_blocks
        on
            returns.scenario_id = session_blocks.scenario_id
            and returns.session_date = session_blocks.session_date
    group by all

)

select
    scenario_id,
    strategy_id,
    block_start,
    len(net_returns) as sessions,
    list_sum(net_returns) as total,
    list_inner_product(net_returns, net_returns) as total_of_squares,
    list_sum([greatest(net_return, 0) for net_return in net_returns]) as gains,  -- noqa: RF02
    -list_sum([least(net_return, 0) for net_return in net_returns]) as losses,  -- noqa: RF02
    {{ equity_path('net_returns') }} as path  -- noqa: PRS
from sequences
