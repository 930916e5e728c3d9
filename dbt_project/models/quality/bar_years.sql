with

bars as (

    select
        all_bars.symbol,
        all_bars.session_date
    from {{ ref('bars') }} as all_bars
    semi join {{ source('landing', 'universe') }} as universe on all_bars.symbol = universe.symbol

),

spans as (

    select
        symbol,
        min(session_date) as first_session_date,
        max(max(session_date)) over () as last_session_date
    from bars
    group by symbol

),

counted as (

    select
        symbol,
        year(session_date) as calendar_year,
        count(*) as bars
    from bars
    group by all

)

select
    spans.symbol,
    year(exchange_sessions.session_date) as calendar_year,
    count(*) as expected_bars,
    coalesce(any_value(counted.bars), 0) as bars
from spans
inner join {{ source('landing', 'exchange_sessions') }} as exchange_sessions
    on exchange_sessions.session_date between spans.first_session_date and spans.last_session_date
left join counted
    on spans.symbol = counted.symbol and year(exchange_sessions.session_date) = counted.calendar_year
group by all
