{{ config(meta={
    'description': 'Every strategy has one row per session of the calendar and starts with its initial equity.',
    'dagster': {'ref': {'name': 'backtest_daily'}},
}) }}

with

calendars as (

    select
        sessions.scenario_id,
        strategies.strategy_id,
        any_value(strategies.initial_equity) as initial_equity,
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
        max(session_date) as last_session_date,
        arg_min(equity / (1 + net_return), session_date) as initial_equity
    from {{ ref('backtest_daily') }}
    group by all

)

select
    calendars.*,
    accounts.sessions as accounted_sessions,
    'the account does not cover the calendar, or starts with other equity' as reason
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
        and abs(accounts.initial_equity / calendars.initial_equity - 1) < 1e-9
    ) is not true
