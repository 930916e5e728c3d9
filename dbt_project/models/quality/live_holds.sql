with

sessions as (

    select * from {{ ref('sessions') }}
    where scenario_id = 0

),

settings as (

    select * from {{ source('landing', 'settings') }}

),

live_weights as (

    select
        target_weights.symbol,
        target_weights.session_date
    from {{ ref('target_weights') }} as target_weights
    inner join {{ ref('strategies') }} as strategies on target_weights.strategy_id = strategies.strategy_id
    where target_weights.scenario_id = 0 and strategies.is_live

),

newest as (

    select max(session_date) as session_date from sessions

),

quarantined as (

    select
        bar_verdicts.symbol,
        min(sessions.previous_session_date) as last_good_session_date
    from {{ ref('bar_verdicts') }} as bar_verdicts
    inner join sessions on bar_verdicts.session_date = sessions.session_date
    where bar_verdicts.severity = 'quarantine'
    group by bar_verdicts.symbol

),

-- a symbol that is neither held by the last good targets nor wanted by these decides nothing
concerned as (

    select quarantined.*
    from quarantined
    cross join newest
    semi join live_weights
        on
            quarantined.symbol = live_weights.symbol
            and live_weights.session_date in (quarantined.last_good_session_date, newest.session_date)

),

suspicious as (

    select distinct bar_verdicts.symbol
    from {{ ref('bar_verdicts') }} as bar_verdicts
    where
        bar_verdicts.sessions_ago = 0
        and not bar_verdicts.is_acknowledged
        and bar_verdicts.code not in ('SERIES_BEHIND', 'SYMBOL_WITHOUT_BARS')

),

reasons as (

    select
        last_good_session_date,
        symbol,
        'its newest bars are in quarantine' as reason
    from concerned
    union all
    select
        sessions.previous_session_date as last_good_session_date,
        suspicious.symbol,
        'a bad market day: too many symbols are suspicious at once' as reason
    from suspicious
    cross join newest
    inner join sessions on newest.session_date = sessions.session_date
    cross join settings
    qualify
        settings.quarantine_sessions > 0
        and count(*) over () > 1
        and count(*) over () > settings.bad_day_share * (select count(*) from {{ source('landing', 'universe') }})

)

select
    newest.session_date,
    min(reasons.last_good_session_date) as decided_session_date,
    list(distinct reasons.symbol order by reasons.symbol) as symbols,
    string_agg(distinct reasons.reason, '; ') as reason
from reasons
cross join newest
where reasons.last_good_session_date is not null
group by newest.session_date
