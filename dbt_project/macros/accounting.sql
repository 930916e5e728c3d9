{#
    CTEs that turn the target allocations of any number of series into daily returns and costs.

    Reads the CTEs
      series    one row per scenario_id, series_id, session_date without a gap: allocation_id and
                previous_allocation_id (0: all cash; below 0: carried, so that nothing was traded), slippage,
                commission_per_share
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

    accounted as (

        select
            series.scenario_id,
            series.series_id,
            series.session_date,
            coalesce(gross_returns.gross_return, 0) as gross_return,
            coalesce(
                rebalances.turnover * series.slippage
                + rebalances.shares_per_dollar * series.commission_per_share,
                0
            ) as cost,
            (1 + coalesce(gross_returns.gross_return, 0)) * (1 - cost) - 1 as net_return,
            coalesce(rebalances.turnover, 0) as turnover
        from series
        left join gross_returns on series.previous_allocation_id = gross_returns.allocation_id
        left join rebalances
            on
                series.previous_allocation_id = rebalances.previous_allocation_id
                and series.allocation_id = rebalances.allocation_id

    )
{%- endmacro %}
