{{ config(
    severity='warn',
    meta={
        'description': 'No symbol of the universe that still trades lacks bars, or is more sessions behind the newest one landed than settings allow.',
        'dagster': {'ref': {'name': 'bars'}},
    }
) }}

with

bars as (

    select * from {{ ref('bars') }}

),

newest_bars as (

    select
        universe.symbol,
        max(bars.session_date) as session_date
    from {{ source('landing', 'universe') }} as universe
    anti join {{ source('landing', 'symbol_changes') }} as ended
        on universe.symbol = ended.symbol and ended.ended_on is not null
    left join bars on universe.symbol = bars.symbol
    group by universe.symbol

),

landed_sessions as (

    select distinct session_date from bars

),

lags as (

    select
        newest_bars.symbol,
        newest_bars.session_date,
        count(*) as sessions_behind
    from newest_bars
    inner join landed_sessions
        on landed_sessions.session_date > coalesce(newest_bars.session_date, '-infinity'::date)
    group by all

)

select
    lags.*,
    'the newest bar is stale' as reason
from lags
cross join {{ source('landing', 'settings') }} as settings
where lags.session_date is null or lags.sessions_behind > settings.stale_after_sessions
