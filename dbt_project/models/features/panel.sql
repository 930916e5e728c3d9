with

features as (

    select * from {{ ref('features') }}

),

sessions as (

    select * from {{ ref('sessions') }}

),

first_bars as (

    select
        scenario_id,
        symbol,
        min(session_date) as session_date
    from features
    group by all

),

aligned as (

    select
        sessions.scenario_id,
        first_bars.symbol,
        sessions.session_date,
        sessions.session_number,
        features.ret,
        features.close
    from first_bars
    inner join sessions
        on
            first_bars.scenario_id = sessions.scenario_id
            and first_bars.session_date <= sessions.session_date
    left join features
        on
            sessions.scenario_id = features.scenario_id
            and sessions.session_date = features.session_date
            and first_bars.symbol = features.symbol

)

select
    scenario_id,
    symbol,
    session_date,
    session_number,
    ret,
    last_value(close ignore nulls) over (
        partition by scenario_id, symbol order by session_number
    ) as last_close,
    session_number - last_value(if(close is null, null, session_number) ignore nulls) over (
        partition by scenario_id, symbol order by session_number
    ) as missed_sessions
from aligned
