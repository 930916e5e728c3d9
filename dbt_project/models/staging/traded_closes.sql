with

bars as (

    select * from {{ ref('bars') }}

),

newest_bars as (

    select
        symbol,
        max(session_date) as session_date
    from bars
    group by symbol

),

-- a split that is only announced is in no price yet
splits as (

    select
        corporate_actions.symbol,
        corporate_actions.session_date,
        corporate_actions.ratio
    from {{ ref('corporate_actions') }} as corporate_actions
    inner join newest_bars
        on
            corporate_actions.symbol = newest_bars.symbol
            and corporate_actions.session_date <= newest_bars.session_date
    where corporate_actions.kind = 'split'

)

select
    bars.symbol,
    bars.session_date,
    bars.close * coalesce(product(splits.ratio), 1) as close
from bars
left join splits on bars.symbol = splits.symbol and bars.session_date < splits.session_date
group by bars.symbol, bars.session_date, bars.close
