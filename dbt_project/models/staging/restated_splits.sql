with

bar_versions as (

    select * from {{ source('landing', 'bar_versions') }}

),

-- bars with more than one version: few, and most with the same close
several as (

    select
        symbol,
        source
    from bar_versions
    group by all
    having count(*) > count(distinct session_date)

),

-- a source that has taken a split out of its prices states every earlier close anew
restated as (

    select
        bar_versions.symbol,
        bar_versions.source,
        bar_versions.session_date,
        arg_min(bar_versions.close, bar_versions.batch_id)
        / arg_max(bar_versions.close, bar_versions.batch_id) as restatement
    from bar_versions
    semi join several on bar_versions.symbol = several.symbol and bar_versions.source = several.source
    group by all
    having max(bar_versions.close) > 1.2 * min(bar_versions.close)

),

restated_symbols as (

    select distinct
        symbol,
        source
    from restated

),

series as (

    select
        source_bars.symbol,
        source_bars.source,
        source_bars.session_date,
        coalesce(restated.restatement, 1) as restatement
    from {{ ref('source_bars') }} as source_bars
    inner join restated_symbols
        on source_bars.symbol = restated_symbols.symbol and source_bars.source = restated_symbols.source
    left join restated
        on
            source_bars.symbol = restated.symbol
            and source_bars.source = restated.source
            and source_bars.session_date = restated.session_date

),

-- the bar of a session that was not over moves a little on its own, and one wrong price is no split
smoothed as (

    select
        *,
        median(restatement) over (by_date rows between 4 preceding and current row) as usual,
        count(*) over (by_date rows between 4 preceding and current row) as sessions,
        lead(restatement) over by_date as following,
        lead(session_date) over by_date as following_date
    from series
    window by_date as (
        partition by symbol, source order by session_date
    )

),

steps as (

    select
        symbol,
        source,
        following_date as session_date,
        {{ split_ratio('(usual / following)') }} as ratio
    from smoothed
    where
        sessions = 5
        and abs(try(ln(restatement / usual))) < 0.2
        and abs(try(ln(restatement / following))) > 0.2

)

select * from steps
where ratio is not null
