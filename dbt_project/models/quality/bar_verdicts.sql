with

recent_sessions as (

    select
        session_date,
        max(session_number) over () - session_number as sessions_ago
    from {{ ref('sessions') }}
    where scenario_id = 0

),

newest_bars as (

    select
        universe.symbol,
        max(bars.session_date) as session_date
    from {{ source('landing', 'universe') }} as universe
    left join {{ ref('bars') }} as bars on universe.symbol = bars.symbol
    group by universe.symbol

),

newest_session as (

    select max(session_date) as session_date
    from recent_sessions
    having session_date is not null

),

-- a symbol that lags behind is found at the newest session, which it lacks
behind as (

    select
        newest_bars.symbol,
        newest_session.session_date,
        if(newest_bars.session_date is null, 'SYMBOL_WITHOUT_BARS', 'SERIES_BEHIND') as code,
        if(newest_bars.session_date is null, 1, count(exchange_sessions.session_date)) as value
    from newest_bars
    cross join newest_session
    left join {{ source('landing', 'exchange_sessions') }} as exchange_sessions
        on
            newest_bars.session_date < exchange_sessions.session_date
            and newest_session.session_date >= exchange_sessions.session_date
    group by newest_bars.symbol, newest_bars.session_date, newest_session.session_date

),

-- a move that two sources state alike is no misprint of one
confirmed as (

    select distinct
        symbol,
        session_date
    from {{ ref('source_comparisons') }}
    where not is_close_different and not is_return_different

),

-- volumes differ between honest sources, by the exchanges that they count
disagreements as (

    select
        symbol,
        session_date,
        'SOURCES_DISAGREE' as code,
        count(distinct field) as value
    from {{ ref('source_differences') }}
    where verdict = 'doubt' and field != 'volume'
    group by symbol, session_date

),

findings as (

    select bar_findings.*
    from {{ ref('bar_findings') }} as bar_findings
    left join confirmed
        on bar_findings.symbol = confirmed.symbol and bar_findings.session_date = confirmed.session_date
    where
        confirmed.symbol is null
        or bar_findings.code not in ('MOVE_UNEXPLAINED', 'PRICE_MISPLACED', 'PRICE_SPIKE')
    union all
    select moves_apart.*
    from {{ ref('moves_apart') }} as moves_apart
    anti join confirmed
        on moves_apart.symbol = confirmed.symbol and moves_apart.session_date = confirmed.session_date
    union all
    select * from {{ ref('missed_dividends') }}
    union all
    select * from behind
    union all
    select * from disagreements

),

acknowledged as (

    select distinct
        symbol,
        session_date,
        code
    from {{ source('landing', 'verdict_events') }}
    where event = 'acknowledged'

),

judged as (

    select
        findings.*,
        gates.* exclude (code),  -- noqa: RF02
        recent_sessions.sessions_ago,
        acknowledged.code is not null as is_acknowledged
    from findings
    inner join {{ ref('gates') }} as gates on findings.code = gates.code and findings.value > gates.allowed
    inner join recent_sessions on findings.session_date = recent_sessions.session_date
    left join acknowledged
        on
            findings.symbol = acknowledged.symbol
            and findings.session_date = acknowledged.session_date
            and findings.code = acknowledged.code

)

select
    judged.symbol,
    judged.session_date,
    judged.code,
    case
        when
            judged.is_certain and not judged.is_acknowledged
            and judged.sessions_ago < settings.quarantine_sessions
            then 'quarantine'
        else 'warn'
    end as severity,
    judged.value,
    judged.allowed,
    judged.sessions_ago,
    judged.is_acknowledged,
    printf(
        '%s (%.3g %s; allowed: %.3g.) %s', judged.meaning, judged.value, judged.unit, judged.allowed, judged.remedy
    ) as explanation
from judged
cross join {{ source('landing', 'settings') }} as settings
