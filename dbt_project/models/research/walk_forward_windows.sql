with

settings as (

    select
        train_months,
        test_months
    from {{ source('landing', 'settings') }}

),

starts as (

    select
        strategy_allocations.scenario_id,
        min(strategy_allocations.session_date) as first_train_start
    from {{ ref('strategy_allocations') }} as strategy_allocations
    inner join {{ ref('strategies') }} as strategies on strategy_allocations.strategy_id = strategies.strategy_id
    where strategies.is_live
    group by all

),

spans as (

    select
        scenario_id,
        max(session_date) as last_session_date
    from {{ ref('sessions') }}
    group by all

),

numbered as (

    select
        starts.scenario_id,
        starts.first_train_start,
        settings.train_months,
        settings.test_months,
        unnest(range(
            date_diff('month', starts.first_train_start, spans.last_session_date) // settings.test_months + 1
        )) as folds_before
    from starts
    inner join spans on starts.scenario_id = spans.scenario_id
    cross join settings

),

windows as (

    select
        scenario_id,
        folds_before + 1 as fold_id,
        (first_train_start + to_months((folds_before * test_months)::integer))::date as train_start,
        (first_train_start + to_months((train_months + folds_before * test_months)::integer))::date as test_start,
        (first_train_start + to_months((train_months + (folds_before + 1) * test_months)::integer))::date as test_end
    from numbered

)

select windows.*
from windows
semi join {{ ref('sessions') }} as sessions
    on
        windows.scenario_id = sessions.scenario_id
        and windows.test_start <= sessions.session_date
        and windows.test_end > sessions.session_date
