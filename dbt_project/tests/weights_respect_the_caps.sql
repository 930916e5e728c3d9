{{ config(meta={
    'description': 'At most top_n weights, each in (0, max_weight], together what 1 - cash_buffer and the caps allow: no more, no less.',
    'dagster': {'ref': {'name': 'strategy_allocations'}},
}) }}

with

portfolios as (

    select
        strategy_allocations.scenario_id,
        strategy_allocations.strategy_id,
        strategy_allocations.session_date,
        count(*) as positions,
        sum(holdings.weight) as invested,
        min(holdings.weight) as smallest,
        max(holdings.weight) as largest
    from {{ ref('strategy_allocations') }} as strategy_allocations
    inner join {{ ref('holdings') }} as holdings on strategy_allocations.allocation_id = holdings.allocation_id
    group by all

),

judged as (

    select
        portfolios.*,
        case
            when strategies.strategy_id is null then 'no such strategy'
            when portfolios.positions > strategies.top_n then 'more symbols than top_n'
            when (portfolios.smallest > 0) is not true then 'a weight is not positive'
            when (portfolios.largest <= strategies.max_weight + 1e-9) is not true then 'a weight is above max_weight'
            when (portfolios.invested <= 1 - strategies.cash_buffer + 1e-9) is not true
                then 'the cash buffer is invested'
            when
                portfolios.invested
                < least(1 - strategies.cash_buffer, portfolios.positions * strategies.max_weight) - 1e-9
                then 'more could be invested'
        end as reason
    from portfolios
    left join {{ ref('strategies') }} as strategies on portfolios.strategy_id = strategies.strategy_id

)

select * from judged
where reason is not null
