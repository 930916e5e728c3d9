with

blocks as (

    select
        windows.fold_id,
        train_blocks.*
    from {{ ref('walk_forward_windows') }} as windows
    inner join {{ ref('train_blocks') }} as train_blocks
        on
            windows.scenario_id = train_blocks.scenario_id
            and windows.train_start <= train_blocks.block_start
            and windows.test_start > train_blocks.block_start

),

paths as (

    select
        scenario_id,
        fold_id,
        strategy_id,
        sum(sessions) as sessions,
        sum(total) as total,
        sum(total_of_squares) as total_of_squares,
        sum(gains) as gains,
        sum(losses) as losses,
        list_reduce(  -- noqa: PRS
            min_by(path, block_start, 100000),
            lambda earlier, later : {{ joined_path('earlier', 'later') }}
        ) as path
    from blocks
    group by all

),

measured as (

    select
        *,
        path.growth ** (252.0 / sessions) - 1 as cagr,
        (path.growth ** (252.0 / sessions) - 1) / nullif(1 - path.depth, 0) as calmar,
        total / sessions * sqrt(252)
        / nullif(sqrt(greatest(total_of_squares - total * total / sessions, 0) / (sessions - 1)), 0) as sharpe,
        gains / nullif(losses, 0) as profit_factor
    from paths

)

-- rounded, so that strategies with the same returns tie whatever order their sums ran in
select
    measured.scenario_id,
    measured.fold_id,
    measured.strategy_id,
    round(
        case settings.objective
            when 'calmar' then measured.calmar
            when 'sharpe' then measured.sharpe
            when 'cagr' then measured.cagr
            when 'profit_factor' then measured.profit_factor
        end,
        10
    ) as objective
from measured
cross join {{ source('landing', 'settings') }} as settings
