{{ config(meta={
    'description': 'Every window has a winner of the grid; test windows follow one another without overlap, and without a gap but for windows without a session.',
    'dagster': {'ref': {'name': 'walk_forward_folds'}},
}) }}

with

folds as (

    select
        windows.*,
        folds.strategy_id,
        strategies.grid_order,
        lag(windows.fold_id) over by_fold as previous_fold_id,
        lag(windows.test_end) over by_fold as previous_test_end
    from {{ ref('walk_forward_windows') }} as windows
    left join {{ ref('walk_forward_folds') }} as folds
        on
            windows.scenario_id = folds.scenario_id
            and windows.fold_id = folds.fold_id
    left join {{ ref('strategies') }} as strategies on folds.strategy_id = strategies.strategy_id
    window by_fold as (
        partition by windows.scenario_id order by windows.fold_id
    )

),

judged as (

    select
        *,
        case
            when grid_order is null then 'no winner from the grid'
            when (train_start < test_start and test_start < test_end) is not true then 'the dates are out of order'
            when test_start < previous_test_end then 'two test windows overlap'
            when fold_id = previous_fold_id + 1 and test_start > previous_test_end then 'there is a gap before the fold'
        end as reason
    from folds

)

select * from judged
where reason is not null
