{{ config(meta={
    'description': 'The out-of-sample series has exactly the sessions of the test windows, each under its fold\'s winner.',
    'dagster': {'ref': {'name': 'walk_forward_daily'}},
}) }}

with

tested as (

    select
        sessions.scenario_id,
        sessions.session_date,
        folds.fold_id,
        folds.strategy_id
    from {{ ref('sessions') }} as sessions
    inner join {{ ref('walk_forward_folds') }} as folds
        on
            sessions.scenario_id = folds.scenario_id
            and sessions.session_date >= folds.test_start
            and sessions.session_date < folds.test_end

),

accounted as (

    select
        scenario_id,
        session_date,
        fold_id,
        strategy_id
    from {{ ref('walk_forward_daily') }}

)

{{ both_ways('tested', 'accounted') }}
