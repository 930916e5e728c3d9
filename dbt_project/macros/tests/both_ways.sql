{#
    The rows that only one of two CTEs has, and which; none if the two hold the same rows.

    one, other: names of CTEs with the same columns.
#}
{% macro both_ways(one, other) -%}
    select
        *,
        'only in {{ one }}' as reason
    from (
        select * from {{ one }}
        except
        select * from {{ other }}
    ) as only_in_one
    union all
    select
        *,
        'only in {{ other }}' as reason
    from (
        select * from {{ other }}
        except
        select * from {{ one }}
    ) as only_in_other
{%- endmacro %}
