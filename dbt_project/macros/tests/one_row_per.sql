{#
    Proves a relation's grain: no two rows share the columns' values, and none of these is null.

    columns: names of the columns that tell the rows apart.
    parent, keys: for a view whose rows could only repeat or hold a null where those of one other relation do, since all else
    that it reads is proven: that relation, and its columns or expressions. They are proven in the view's place.
#}
{% test one_row_per(model, columns, parent=none, keys=none) %}
with

proven as (

    select
        {% for key in keys or columns -%}
            {{ key }} as key_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ parent or model }}

)

select
    *,
    count(*) as copies,
    'the grain repeats or holds a null' as reason
from proven
group by all
having count(*) > 1 or {% for key in keys or columns %}key_{{ loop.index }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
