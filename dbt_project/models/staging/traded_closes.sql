with

bars as (

    select * from {{ ref('bars') }}

),

corporate_actions as (

    select * from {{ ref('corporate_actions') }}

),

{{ priced_splits() }}

select
    bars.symbol,
    bars.session_date,
    bars.close * coalesce(product(splits.ratio), 1) as close
from bars
left join splits on bars.symbol = splits.symbol and bars.session_date < splits.session_date
group by bars.symbol, bars.session_date, bars.close
