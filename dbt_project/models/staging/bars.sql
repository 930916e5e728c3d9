with

bar_versions as (

    select * from {{ source('landing', 'bar_versions') }}

),

newest as (

    -- a final bar is never displaced by a provisional one, however late that one arrives;
    -- batches are numbered as they land, while the clock of a machine may be wrong
    select *
    from bar_versions
    qualify row_number() over (
        partition by symbol, session_date
        order by is_final desc, batch_id desc
    ) = 1

)

select
    symbol,
    session_date,
    open,
    high,
    low,
    close,
    adj_close,
    volume,
    dividend,
    source,
    is_final,
    ingested_at,
    batch_id
from newest
