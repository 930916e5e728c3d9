with

-- a renamed symbol's bars and those under the new name need not share a session
renamed as (

    select
        earlier.symbol,
        later.series,
        earlier.series as other_series,
        earlier.last_session_date,
        later.first_session_date
    from {{ ref('source_series') }} as earlier
    inner join {{ ref('source_series') }} as later
        on earlier.symbol = later.symbol and earlier.last_session_date < later.first_session_date
    where
        earlier.is_renamed
        and later.first_session_date - earlier.last_session_date <= 10

),

renamed_bars as (

    select * from {{ ref('source_bars') }}
    where symbol in (select renamed.symbol from renamed)

)

-- the adjustment goes on where it stood; a step beyond exp(0.3) is no ordinary session's
select
    renamed.symbol,
    renamed.series,
    renamed.other_series,
    (first_bars.adj_close / first_bars.close) / (last_bars.adj_close / last_bars.close) as adjusted_factor
from renamed
inner join renamed_bars as last_bars
    on
        renamed.symbol = last_bars.symbol
        and renamed.other_series = last_bars.series
        and renamed.last_session_date = last_bars.session_date
inner join renamed_bars as first_bars
    on
        renamed.symbol = first_bars.symbol
        and renamed.series = first_bars.series
        and renamed.first_session_date = first_bars.session_date
where abs(try(ln(first_bars.close / last_bars.close))) <= 0.3
