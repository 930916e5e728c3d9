with

windows as (

    select * from {{ ref('walk_forward_windows') }}

),

ranked_objectives as (

    select
        objectives.*,
        row_number() over (
            partition by objectives.scenario_id, objectives.fold_id
            order by objectives.objective desc nulls last, strategies.grid_order asc
        ) as place
    from {{ ref('walk_forward_objectives') }} as objectives
    inner join {{ ref('strategies') }} as strategies on objectives.strategy_id = strategies.strategy_id

)

select
    windows.scenario_id,
    windows.fold_id,
    windows.train_start,
    windows.test_start,
    windows.test_end,
    ranked_objectives.strategy_id,
    ranked_objectives.objective
from windows
inner join ranked_objectives
    on
        windows.scenario_id = ranked_objectives.scenario_id
        and windows.fold_id = ranked_objectives.fold_id
where ranked_objectives.place = 1
