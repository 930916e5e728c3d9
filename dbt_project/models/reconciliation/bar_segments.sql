with

series as (

    select * from {{ ref('source_series') }}

),

agreements as (

    select * from {{ ref('source_agreements') }}

),

seams as (

    select * from {{ ref('renaming_seams') }}

),

votes as (

    select
        symbol,
        series,
        count(*) as agreeing
    from agreements
    where is_agreeing
    group by all

),

-- the best-ranked series, or, where any two agree, the best-ranked of those that another confirms
base as (

    select series.*
    from series
    left join votes on series.symbol = votes.symbol and series.series = votes.series
    qualify row_number() over (
        partition by series.symbol
        order by series.is_renamed, votes.agreeing is null, series.rank, series.series
    ) = 1

),

others as (

    select
        series.*,
        base.first_session_date as base_start,
        base.last_session_date as base_end,
        base.last_final_date as base_final_end,
        agreements.is_end_sound,
        agreements.end_price_factor,
        agreements.end_adjusted_factor,
        coalesce(agreements.is_start_sound, seams.symbol is not null) as is_start_sound,
        coalesce(agreements.start_price_factor, 1.0) as start_price_factor,
        coalesce(agreements.start_adjusted_factor, seams.adjusted_factor) as start_adjusted_factor
    from base
    inner join series on base.symbol = series.symbol and base.series <> series.series
    left join agreements
        on
            base.symbol = agreements.symbol
            and base.series = agreements.series
            and series.series = agreements.other_series
    left join seams
        on base.symbol = seams.symbol and base.series = seams.series and series.series = seams.other_series

),

later as (

    select * from others
    where
        is_end_sound and end_price_factor is not null
        and (last_session_date > base_end or (last_final_date = base_end and base_end > base_final_end))
    qualify row_number() over (partition by symbol order by last_session_date desc, rank asc, series asc) = 1

),

earlier as (

    select * from others
    where is_start_sound and start_price_factor is not null and first_session_date < base_start
    qualify row_number() over (partition by symbol order by rank, first_session_date, series) = 1

),

-- the newest prices stay as they are; older ones are brought to their base
scaled as (

    select
        base.*,
        1 / coalesce(later.end_price_factor, 1.0) as price_factor,
        1 / coalesce(later.end_adjusted_factor, 1.0) as adjusted_factor,
        later.symbol is not null as is_continued
    from base
    left join later on base.symbol = later.symbol

)

select
    symbol,
    series,
    'base' as role,
    first_session_date,
    case when is_continued then last_final_date else last_session_date end as last_session_date,
    price_factor,
    adjusted_factor
from scaled
union all
select
    symbol,
    series,
    'later' as role,
    (base_final_end + interval 1 day)::date as first_session_date,
    last_session_date,
    1.0::double as price_factor,
    1.0::double as adjusted_factor
from later
union all
select
    earlier.symbol,
    earlier.series,
    'earlier' as role,
    earlier.first_session_date,
    (scaled.first_session_date - interval 1 day)::date as last_session_date,
    earlier.start_price_factor * scaled.price_factor as price_factor,
    earlier.start_adjusted_factor * scaled.adjusted_factor as adjusted_factor
from earlier
inner join scaled on earlier.symbol = scaled.symbol
