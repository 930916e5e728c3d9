{#
    CTEs that compound daily net returns. Reads the CTE `returns`: one row per scenario_id, series_id, session_date with
    net_return and initial_equity; ends in the CTE `equity_curve`: the same rows with equity and drawdown, which is against
    the running maximum including the start.
#}
{% macro equity_curve() -%}
    compounded as (

        select
            *,
            initial_equity * product(1 + net_return) over (
                partition by scenario_id, series_id order by session_date
            ) as equity
        from returns

    ),

    equity_curve as (

        select
            *,
            equity / greatest(initial_equity, max(equity) over (
                partition by scenario_id, series_id order by session_date
            )) - 1 as drawdown
        from compounded

    )
{%- endmacro %}
