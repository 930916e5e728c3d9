{#
    CTEs that charge each order its commission: the rate, at least a minimum in USD, at most a fraction of the order's value.

    Reads the CTEs `moved` (series of the macro accounting, with gross_return and turnover) and `trades`, and ends in the CTE
    `order_costs`: the cost, fraction of equity, of each session of the series that have a minimum or a maximum. An order is
    worth its change of weight at the equity of the session before, which depends on the costs until then: so each series is
    folded session by session, and only the series that ask for it. A fold copies what it has so far at each step: it goes in
    blocks of 128 sessions.
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

    charged_days as (

        select
            moved.scenario_id,
            moved.series_id,
            moved.session_date,
            moved.commission_minimum as minimum,
            1 + moved.gross_return as growth,
            moved.turnover * moved.slippage as slippage,
            [
                {
                    commission: placed.weight / placed.close * moved.commission_per_share,
                    most: if(moved.commission_maximum > 0, moved.commission_maximum, 1) * placed.weight
                }
                for placed in orders.orders
            ] as orders,
            moved.initial_equity as equity
        from moved
        left join orders
            on
                moved.previous_allocation_id = orders.previous_allocation_id
                and moved.allocation_id = orders.allocation_id
        where moved.commission_minimum > 0 or moved.commission_maximum > 0

    ),

    charged_series as (

        select
            scenario_id,
            series_id,
            any_value(minimum) as minimum,
            list(session_date order by session_date) as session_dates,
            list({ growth: growth, slippage: slippage, orders: orders, equity: equity } order by session_date) as days
        from charged_days
        group by scenario_id, series_id

    ),

    blocks as (

        select
            *,
            list_transform(
                range((len(days) + 127) // 128), lambda block : [days[128 * block + 1:128 * block + 128]]
            ) as blocks
        from charged_series

    ),

    -- the first day has nothing before it: the fold begins with it, at the initial equity
    folded as (

        select
            *,
            flatten(list_reduce(
                list_prepend([days[:1]], blocks),
                lambda done, block : done || [list_reduce(
                    list_prepend([done[-1][-1]], list_transform(block[1], lambda day : [day])),
                    lambda until, day : until || [{
                        growth: day[1].growth,
                        slippage: day[1].slippage,
                        orders: day[1].orders[:0],
                        equity: until[-1].equity * day[1].growth * (1 - {{ order_cost('day[1]', 'until[-1].equity') }})
                    }]
                )[2:]]
            )) as ends
        from blocks

    ),

    unfolded as (

        select
            scenario_id,
            series_id,
            minimum,
            unnest(session_dates) as session_date,
            unnest(days) as day,
            unnest(ends[:-2]).equity as equity
        from folded

    ),

    order_costs as (

        select
            scenario_id,
            series_id,
            session_date,
            {{ order_cost('day', 'equity') }} as cost
        from unfolded

    )
{%- endmacro %}

{# A session's cost as a fraction of the equity before it. day: struct of slippage and orders; equity: USD. #}
{% macro order_cost(day, equity) -%}
    ({{ day }}.slippage + coalesce(list_sum([
        least(greatest(placed.commission, minimum / {{ equity }}), placed.most) for placed in {{ day }}.orders
    ]), 0))
{%- endmacro %}
