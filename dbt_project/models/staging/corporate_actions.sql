with

source_ranks as (

    select * from {{ source('landing', 'source_ranks') }}

),

newest as (

    select * from {{ source('landing', 'corporate_actions') }}
    qualify row_number() over (partition by symbol, source, session_date, kind order by batch_id desc) = 1

),

-- what a source has withdrawn stands without its number
statements as (

    select
        symbol,
        session_date,
        'dividend' as kind,
        source,
        dividend as amount,
        null::double as ratio,
        'USD' as currency
    from {{ ref('bars') }}
    where dividend > 0
    union all
    select
        symbol,
        session_date,
        kind,
        source,
        amount,
        ratio,
        currency
    from newest
    where ratio is not null or amount is not null

),

-- no symbol splits twice within ten days: the sources mean the same split
stated as (

    select
        statements.*,
        case when statements.kind = 'split' then 10 else 0 end as leeway
    from statements
    left join source_ranks on statements.source = source_ranks.source
    where statements.kind = 'split' or coalesce(source_ranks.states_dividends, true)
    qualify
        row_number() over (
            partition by statements.symbol, statements.kind, statements.session_date
            order by source_ranks.rank nulls last, statements.source
        ) = 1
        and (
            statements.kind = 'dividend'
            or coalesce(source_ranks.rank, 1000) = min(coalesce(source_ranks.rank, 1000)) over (
                partition by statements.symbol, statements.kind order by statements.session_date
                range between interval 10 days preceding and interval 10 days following
            )
        )

),

derived as (

    select * from {{ ref('price_actions') }}

),

pairs as (

    select
        stated.symbol,
        stated.kind,
        stated.session_date,
        derived.session_date as derived_date,
        case
            when stated.kind = 'split' then abs(ln(stated.ratio / derived.ratio)) < 0.015
            else abs(stated.amount - derived.amount) <= derived.tolerance + 0.02 * stated.amount
        end as is_confirmed
    from stated
    inner join derived
        on
            stated.symbol = derived.symbol
            and stated.kind = derived.kind
            and abs(stated.session_date - derived.session_date) <= stated.leeway

)

select
    stated.symbol,
    stated.session_date,
    stated.kind,
    stated.amount,
    stated.ratio,
    stated.currency,
    stated.source,
    case when coalesce(bool_or(pairs.is_confirmed), false) then 'both' else 'stated' end as found
from stated
left join pairs
    on stated.symbol = pairs.symbol and stated.kind = pairs.kind and stated.session_date = pairs.session_date
group by all
union all
select
    derived.symbol,
    derived.session_date,
    derived.kind,
    derived.amount,
    derived.ratio,
    case when derived.kind = 'dividend' then 'USD' end as currency,
    derived.source,
    'derived' as found
from derived
anti join pairs
    on derived.symbol = pairs.symbol and derived.kind = pairs.kind and derived.session_date = pairs.derived_date
qualify row_number() over (partition by derived.symbol, derived.session_date, derived.kind order by derived.source) = 1
