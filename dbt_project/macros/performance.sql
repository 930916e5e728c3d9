{#
    CTEs that measure daily net returns. Reads the CTE `measured`: one row per scenario_id, series_id, session_date with
    net_return and turnover, from the first session to measure on; ends in the CTE `performance`, one row per series.
    Drawdown is against the running maximum including the start, at which the measured equity is 1.
#}
{% macro performance() -%}
    sequences as (

        select
            scenario_id,
            series_id,
            min_by(net_return, session_date, 100000) as net_returns,
            sum(greatest(net_return, 0)) as gains,
            -sum(least(net_return, 0)) as losses,
            avg(turnover) as mean_turnover
        from measured
        group by all

    ),

    totals as (

        select
            *,
            len(net_returns) as sessions,
            {{ equity_path('net_returns') }} as path,
            list_avg(net_returns) as mean_return,
            list_stddev_samp(net_returns) as deviation
        from sequences

    ),

    performance as (

        select
            scenario_id,
            series_id,
            sessions,
            path.growth ** (252.0 / sessions) - 1 as cagr,
            mean_return / nullif(deviation, 0) * sqrt(252) as sharpe,
            (path.growth ** (252.0 / sessions) - 1) / nullif(1 - path.depth, 0) as calmar,
            path.depth - 1 as max_drawdown,
            gains / nullif(losses, 0) as profit_factor,
            mean_turnover * 252 as turnover_annual,
            path.growth - 1 as total_return,
            deviation * sqrt(252) as volatility_annual
        from totals

    )
{%- endmacro %}
