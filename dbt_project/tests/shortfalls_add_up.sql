{{ config(meta={
    'description': 'The parts of each shortfall add up to the whole, which is computed from both books by itself.',
    'dagster': {'ref': {'name': 'shortfall_daily'}},
}) }}

with

shortfall_daily as (

    select * from {{ ref('shortfall_daily') }}

)

select
    account_id,
    session_date,
    shortfall,
    delay + price_move + slippage + commission + rounding + untraded + unsettled + missed as parts,
    'the parts do not add up to the shortfall' as reason
from shortfall_daily
where (abs(parts - shortfall) <= 1e-9 * equity) is not true
