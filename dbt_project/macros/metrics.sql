{# Metrics have their formulas here, once: null where they are not defined. A year counts so many sessions. #}
{% macro sessions_per_year() -%} 252 {%- endmacro %}

{# Volatility. deviation: standard deviation of the returns of a session. #}
{% macro volatility(deviation) -%}
    {{ deviation }} * sqrt({{ sessions_per_year() }})
{%- endmacro %}

{# Growth a year. path: an equity_path; sessions: its length. #}
{% macro cagr(path, sessions) -%}
    {{ path }}.growth ** ({{ sessions_per_year() }} / {{ sessions }}) - 1
{%- endmacro %}

{# Growth a year for each unit of the deepest drawdown. #}
{% macro calmar(path, sessions) -%}
    ({{ cagr(path, sessions) }}) / nullif(1 - {{ path }}.depth, 0)
{%- endmacro %}

{# Sharpe ratio, the riskless rate 0. mean, deviation: of the returns of a session. #}
{% macro sharpe(mean, deviation) -%}
    {{ mean }} / nullif({{ deviation }}, 0) * sqrt({{ sessions_per_year() }})
{%- endmacro %}

{# gains, losses: sums of the returns above and below 0, both positive. #}
{% macro profit_factor(gains, losses) -%}
    {{ gains }} / nullif({{ losses }}, 0)
{%- endmacro %}

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
            {{ ordered_list('net_return', 'session_date') }} as net_returns,
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
            {{ cagr('path', 'sessions') }} as cagr,
            {{ sharpe('mean_return', 'deviation') }} as sharpe,
            {{ calmar('path', 'sessions') }} as calmar,
            path.depth - 1 as max_drawdown,
            {{ profit_factor('gains', 'losses') }} as profit_factor,
            mean_turnover * {{ sessions_per_year() }} as turnover_annual,
            path.growth - 1 as total_return,
            {{ volatility('deviation') }} as volatility_annual
        from totals

    )
{%- endmacro %}
