{#
    CTEs that turn the target allocations of any number of series into daily returns and costs.

    Reads the CTEs
      series    one row per scenario_id, series_id, session_date without a gap: allocation_id and
                previous_allocation_id (0: all cash; below 0: carried, so that nothing was traded), slippage,
                commission_per_share, commission_minimum, commission_maximum, initial_equity
      holdings  each allocation's weights and closes, and what they are at the next session
    and ends in the CTE `accounted`: gross_return, cost, net_return and turnover of each row of series.
    A trade depends only on the allocation before and the one after: it is priced once, however many series make it.
#}
{% macro accounting() -%}
    transitions as (

        select distinct
            previous_allocation_id,
            allocation_id
        from series
        where allocation_id >= 0

    ),

    changes as (

        select
            transitions.*,
            holdings.symbol,
            holdings.close,
            holdings.weight as change
        from transitions
        inner join holdings on transitions.allocation_id = holdings.allocation_id
        union all
        select
            transitions.*,
            holdings.symbol,
            holdings.next_close as close,
            -holdings.drifted_weight as change
        from transitions
        inner join holdings on transitions.previous_allocation_id = holdings.allocation_id

    ),

    trades as (

        select
            previous_allocation_id,
            allocation_id,
            symbol,
            abs(sum(change)) as traded_weight,
            any_value(close) as close
        from changes
        group by previous_allocation_id, allocation_id, symbol

    ),

    rebalances as (

        select
            previous_allocation_id,
            allocation_id,
            sum(traded_weight) as turnover,
            sum(traded_weight / close) as shares_per_dollar
        from trades
        group by previous_allocation_id, allocation_id

    ),

    gross_returns as (

        select
            allocation_id,
            sum(weight * next_return) as gross_return
        from holdings
        group by allocation_id

    ),

    moved as (

        select
            series.*,
            coalesce(gross_returns.gross_return, 0) as gross_return,
            coalesce(rebalances.turnover, 0) as turnover,
            coalesce(rebalances.shares_per_dollar, 0) as shares_per_dollar
        from series
        left join gross_returns on series.previous_allocation_id = gross_returns.allocation_id
        left join rebalances
            on
                series.previous_allocation_id = rebalances.previous_allocation_id
                and series.allocation_id = rebalances.allocation_id

    ),

    {{ order_costs() }},

    charged as (

        select
            moved.*,
            coalesce(
                order_costs.cost,
                moved.turnover * moved.slippage + moved.shares_per_dollar * moved.commission_per_share
            ) as cost
        from moved
        left join order_costs
            on
                moved.scenario_id = order_costs.scenario_id
                and moved.series_id = order_costs.series_id
                and moved.session_date = order_costs.session_date

    ),

    accounted as (

        select
            scenario_id,
            series_id,
            session_date,
            gross_return,
            cost,
            (1 + gross_return) * (1 - cost) - 1 as net_return,
            turnover
        from charged

    )
{%- endmacro %}
