with

bar_versions as (

    select * from {{ source('landing', 'bar_versions') }}

),

symbol_changes as (

    select * from {{ source('landing', 'symbol_changes') }}

),

newest as (

    -- a final bar is never displaced by a provisional one, however late that one arrives;
    -- batches are numbered as they land, while the clock of a machine may be wrong
    select *
    from bar_versions
    qualify row_number() over (
        partition by symbol, source, session_date
        order by is_final desc, batch_id desc
    ) = 1

)

select
    coalesce(renamed.continued_as, newest.symbol) as symbol,
    newest.session_date,
    newest.open,
    newest.high,
    newest.low,
    newest.close,
    newest.adj_close,
    newest.volume,
    newest.dividend,
    newest.source,
    case
        when renamed.symbol is null then newest.source
        else newest.source || ' as ' || newest.symbol
    end as series,
    newest.is_final,
    newest.ingested_at,
    newest.batch_id
from newest
left join symbol_changes as renamed
    on newest.symbol = renamed.symbol and newest.session_date < renamed.changed_on
left join symbol_changes as ended
    on newest.symbol = ended.symbol and newest.session_date > ended.ended_on
where ended.symbol is null
