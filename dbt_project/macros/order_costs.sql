{#
    CTEs that charge each order its commission: the rate, at least a minimum in USD, at most a fraction of the order's value.

    Reads the CTEs `moved` (series of the macro accounting, with gross_return and turnover) and `trades`, and ends in the CTE
    `order_costs`: the cost, fraction of equity, of each session of the series that have a minimum or a maximum. An order is
    worth its change of weight at the equity of the session before, which depends on the costs until then: so each series is
    folded session by session, and only the series that ask for it.
#}
{% macro order_costs() -%}
    orders as (

        select
            previous_allocation_id,
            allocation_id,
            list({ weight: traded_weight, close: close } order by symbol) as orders
        from trades
        where traded_weight > 1e-12  -- less is rounding
        group by previous_allocation_id, allocation_id

    ),

    charged_series as (

        select
            moved.scenario_id,
            moved.series_id,
            any_value(moved.commission_per_share) as rate,
            any_value(moved.commission_minimum) as minimum,
            any_value(if(moved.commission_maximum > 0, moved.commission_maximum, 1)) as maximum,
            list(moved.session_date order by moved.session_date) as session_dates,
            list(
                [{
                    growth: 1 + moved.gross_return,
                    slippage: moved.turnover * moved.slippage,
                    orders: orders.orders,
                    cost: 0::double,
                    equity: moved.initial_equity
                }]
                order by moved.session_date
            ) as days
        from moved
        left join orders
            on
                moved.previous_allocation_id = orders.previous_allocation_id
                and moved.allocation_id = orders.allocation_id
        where moved.commission_minimum > 0 or moved.commission_maximum > 0
        group by moved.scenario_id, moved.series_id

    ),

    -- the first day has nothing before it: it is folded onto itself, at the initial equity
    folded as (

        select
            *,
            list_reduce(
                list_prepend(days[1], days),
                lambda done, day : done || [{
                    growth: day[1].growth,
                    slippage: day[1].slippage,
                    orders: day[1].orders[:0],
                    cost: {{ order_cost('day[1]', 'done[-1].equity') }},
                    equity: done[-1].equity * day[1].growth * (1 - {{ order_cost('day[1]', 'done[-1].equity') }})
                }]
            )[2:] as charged
        from charged_series

    ),

    order_costs as (

        select
            scenario_id,
            series_id,
            unnest(session_dates) as session_date,
            unnest(charged).cost as cost
        from folded

    )
{%- endmacro %}

{# A session's cost as a fraction of the equity before it. day: struct of slippage and orders; equity: USD. #}
{% macro order_cost(day, equity) -%}
    ({{ day }}.slippage + coalesce(list_sum([
        least(
            greatest(placed.weight / placed.close * rate, minimum / {{ equity }}),
            maximum * placed.weight
        )
        for placed in {{ day }}.orders
    ]), 0))
{%- endmacro %}
