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
            {{ ordered_list('path', 'block_start') }},
            lambda earlier, later : {{ joined_path('earlier', 'later') }}
        ) as path
    from blocks
    group by all

),

deviations as (

    select
        *,
        sqrt(greatest(total_of_squares - total * total / sessions, 0) / (sessions - 1)) as deviation
    from paths

)

-- rounded, so that strategies with the same returns tie whatever order their sums ran in
select
    deviations.scenario_id,
    deviations.fold_id,
    deviations.strategy_id,
    round(
        case settings.objective
            when 'calmar' then {{ calmar('path', 'sessions') }}
            when 'sharpe' then {{ sharpe('total / sessions', 'deviation') }}
            when 'cagr' then {{ cagr('path', 'sessions') }}
            when 'profit_factor' then {{ profit_factor('gains', 'losses') }}
        end,
        10
    ) as objective
from deviations
cross join {{ source('landing', 'settings') }} as settings
