{{ config(meta={
    'description': 'Every strategy has one row per session of the calendar.',
    'dagster': {'ref': {'name': 'backtest_returns'}},
}) }}

with

calendars as (

    select
        sessions.scenario_id,
        strategies.strategy_id,
        count(*) as sessions,
        min(sessions.session_date) as first_session_date,
        max(sessions.session_date) as last_session_date
    from {{ ref('sessions') }} as sessions
    cross join {{ ref('strategies') }} as strategies
    group by all

),

accounts as (

    select
        scenario_id,
        strategy_id,
        count(*) as sessions,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date
    from {{ ref('backtest_returns') }}
    group by all

)

select
    calendars.*,
    accounts.sessions as accounted_sessions,
    'the account does not cover the calendar' as reason
from calendars
full join accounts
    on
        calendars.scenario_id = accounts.scenario_id
        and calendars.strategy_id = accounts.strategy_id
where
    (
        calendars.sessions = accounts.sessions
        and calendars.first_session_date = accounts.first_session_date
        and calendars.last_session_date = accounts.last_session_date
    ) is not true
