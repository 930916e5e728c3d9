{#
    CTEs of the splits that prices know: a split that is only announced is in no price yet.

    Reads the CTEs bars and corporate_actions, and ends in the CTE `splits`: symbol, session_date and ratio.
#}
{% macro priced_splits() -%}
    newest_bars as (

        select
            symbol,
            max(session_date) as session_date
        from bars
        group by symbol

    ),

    splits as (

        select
            corporate_actions.symbol,
            corporate_actions.session_date,
            corporate_actions.ratio
        from corporate_actions
        inner join newest_bars
            on
                corporate_actions.symbol = newest_bars.symbol
                and corporate_actions.session_date <= newest_bars.session_date
        where corporate_actions.kind = 'split'

    )
{%- endmacro %}
