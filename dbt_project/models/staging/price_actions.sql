with

neighbours as (

    select
        *,
        adj_close / close as factor,
        lag(adj_close / close) over by_date as factor_before,
        lag(close) over by_date as close_before,
        lag(adj_close) over by_date as adj_close_before
    from {{ ref('bars') }}
    window by_date as (
        partition by symbol order by session_date
    )

),

measured as (

    select
        symbol,
        session_date,
        source,
        dividend,
        close_before * (1 - factor_before / factor) as payout,
        -- adjusted prices are rounded to cents: what that alone can explain is no payout
        0.006 * close_before * (1 / adj_close_before + 1 / adj_close) as rounding,
        -- a split moves the close by its ratio, and not the adjusted close
        case
            when
                abs(try(ln(factor / factor_before))) > 0.3
                and dividend = 0
                and abs(try(ln(adj_close / adj_close_before))) < abs(try(ln(close / close_before))) / 2
                then {{ split_ratio('(factor / factor_before)') }}
        end as ratio
    from neighbours
    where factor_before is not null

),

splits as (

    select
        symbol,
        session_date,
        'split' as kind,
        source,
        null::double as amount,
        ratio
    from measured
    where ratio is not null
    union all
    select
        symbol,
        session_date,
        'split' as kind,
        source,
        null::double as amount,
        ratio
    from {{ ref('restated_splits') }}

)

select
    symbol,
    session_date,
    'dividend' as kind,
    source,
    round(payout, 4) as amount,
    null::double as ratio,
    rounding as tolerance
from measured
where payout > rounding and ratio is null
union all
select
    *,
    null::double as tolerance
from splits
