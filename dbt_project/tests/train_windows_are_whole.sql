{{ config(meta={
    'description': 'Every grid strategy has an objective in every fold, over as many sessions as its train window has.',
    'dagster': {'ref': {'name': 'walk_forward_objectives'}},
}) }}

with

windows as (

    select * from {{ ref('walk_forward_windows') }}

),

train_sessions as (

    select
        windows.scenario_id,
        windows.fold_id,
        count(*) as sessions
    from windows
    inner join {{ ref('sessions') }} as sessions
        on
            windows.scenario_id = sessions.scenario_id
            and windows.train_start <= sessions.session_date
            and windows.test_start > sessions.session_date
    group by all

),

block_sessions as (

    select
        windows.scenario_id,
        windows.fold_id,
        train_blocks.strategy_id,
        sum(train_blocks.sessions) as sessions
    from windows
    inner join {{ ref('train_blocks') }} as train_blocks
        on
            windows.scenario_id = train_blocks.scenario_id
            and windows.train_start <= train_blocks.block_start
            and windows.test_start > train_blocks.block_start
    group by all

),

grid as (

    select strategy_id from {{ ref('strategies') }}
    where grid_order is not null

)

select
    train_sessions.*,
    grid.strategy_id,
    block_sessions.sessions as gathered_sessions,
    'the train window and what was gathered of it differ' as reason
from train_sessions
cross join grid
left join block_sessions
    on
        train_sessions.scenario_id = block_sessions.scenario_id
        and train_sessions.fold_id = block_sessions.fold_id
        and grid.strategy_id = block_sessions.strategy_id
left join {{ ref('walk_forward_objectives') }} as objectives
    on
        train_sessions.scenario_id = objectives.scenario_id
        and train_sessions.fold_id = objectives.fold_id
        and grid.strategy_id = objectives.strategy_id
where (train_sessions.sessions = block_sessions.sessions and objectives.fold_id is not null) is not true
