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
        target_weights.session_date,
        target_weights.symbol,
        target_weights.weight,
        sum(target_weights.weight) over (partition by target_weights.session_date) as invested_weight
    from {{ ref('target_weights') }} as target_weights
    inner join {{ ref('strategies') }} as strategies on target_weights.strategy_id = strategies.strategy_id
    where target_weights.scenario_id = 0 and strategies.is_live

),

invested as (

    select distinct
        session_date,
        invested_weight
    from live_weights

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
    having last_good_session_date is not null

),

suspicious as (

    select distinct
        bar_verdicts.session_date,
        bar_verdicts.symbol
    from {{ ref('bar_verdicts') }} as bar_verdicts
    cross join settings
    where
        bar_verdicts.sessions_ago < settings.quarantine_sessions
        and not bar_verdicts.is_acknowledged
        and bar_verdicts.code not in ('SERIES_BEHIND', 'SYMBOL_WITHOUT_BARS')

),

bad_days as (

    select
        suspicious.session_date,
        list(suspicious.symbol) as symbols
    from suspicious
    cross join settings
    group by suspicious.session_date, settings.bad_day_share
    having
        count(*) > 1
        and count(*) > settings.bad_day_share * (select count(*) from {{ source('landing', 'universe') }})

),

last_good_day as (

    select max(sessions.session_date) as session_date
    from sessions
    anti join bad_days on sessions.session_date = bad_days.session_date

),

-- a symbol that is neither held by the last good targets nor wanted by these decides nothing
concerned as (

    select quarantined.*
    from quarantined
    cross join newest
    cross join last_good_day
    semi join live_weights
        on
            quarantined.symbol = live_weights.symbol
            and live_weights.session_date in (
                quarantined.last_good_session_date, newest.session_date, last_good_day.session_date
            )

),

reasons as (

    select
        concerned.symbol,
        concerned.last_good_session_date as decided_session_date,
        'its newest bars are in quarantine' as reason
    from concerned
    cross join settings
    where settings.quarantine_policy = 'hold_book'
    union all
    select
        unnest(bad_days.symbols) as symbol,
        last_good_day.session_date as decided_session_date,
        'a bad market day: too many symbols are suspicious at once' as reason
    from bad_days
    inner join newest on bad_days.session_date = newest.session_date
    inner join last_good_day on newest.session_date > last_good_day.session_date

),

book as (

    select
        min(decided_session_date) as decided_session_date,
        list(distinct symbol order by symbol) as symbols,
        string_agg(distinct reason, '; ') as reason
    from reasons

),

decided as (

    select
        newest.session_date,
        coalesce(book.decided_session_date, newest.session_date) as decided_session_date,
        book.decided_session_date is not null as is_whole_book,
        book.symbols,
        book.reason,
        coalesce(invested.invested_weight, 0) as invested_weight
    from newest
    cross join book
    left join invested on coalesce(book.decided_session_date, newest.session_date) = invested.session_date

),

last_good as (

    select
        concerned.symbol,
        coalesce(live_weights.weight, 0) as weight,
        greatest(
            max(coalesce(invested.invested_weight, 0)) over (),
            decided.invested_weight
        ) as invested_weight
    from concerned
    cross join decided
    cross join settings
    left join live_weights
        on
            concerned.symbol = live_weights.symbol
            and concerned.last_good_session_date = live_weights.session_date
    left join invested on concerned.last_good_session_date = invested.session_date
    where settings.quarantine_policy = 'keep_weight'

),

-- weights of several sessions may be more together than was ever invested at once
fitted as (

    select
        symbol,
        weight * coalesce(least(1, invested_weight / nullif(sum(weight) over (), 0)), 1) as weight,
        invested_weight
    from last_good

),

kept as (

    select
        list(symbol order by symbol) as symbols,
        list(weight order by symbol) as weights,
        string_agg(format('{} at {:.2f}%', symbol, 100 * weight), ', ' order by symbol) as told,
        max(invested_weight) as invested_weight
    from fitted

)

select
    decided.session_date,
    decided.decided_session_date,
    decided.is_whole_book,
    list_sort(list_distinct(list_concat(decided.symbols, kept.symbols))) as symbols,
    coalesce(kept.symbols, []) as kept_symbols,
    coalesce(kept.weights, []) as kept_weights,
    coalesce(kept.invested_weight, decided.invested_weight) as invested_weight,
    concat_ws(
        ' ',
        format(
            'The book is held: the targets repeat those of {}, because of {} ({}).',
            decided.decided_session_date::varchar,
            array_to_string(decided.symbols, ', '),
            decided.reason
        ),
        format(
            'Bars in quarantine keep {}, the last good weight; {}.',
            kept.told,
            'the others take their newest, or less where room is short'
        )
    ) as explanation
from decided
cross join kept
where decided.is_whole_book or kept.symbols is not null
