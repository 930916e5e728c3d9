{#
    Sum of a trailing list's values (each to the given power) at some sessions; 0 where there are none.

    values: list with one value per session, the newest last; sessions: session numbers inside that window;
    newest_session: the session number of the last value.
#}
{% macro sum_at(values, sessions, newest_session, power=1) -%}
    coalesce(list_sum([{{ values }}[session - {{ newest_session }} - 1] ** {{ power }} for session in {{ sessions }}]), 0)
{%- endmacro %}
