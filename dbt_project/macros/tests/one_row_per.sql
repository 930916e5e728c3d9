{#
    Proves a relation's grain: no two rows share the columns' values, and none of these is null.

    columns: names of the columns that tell the rows apart.
    parent, keys: for a view that joins relations whose grains are proven, so that a row of its own could only repeat or be
    null where one of them does: that relation, and its expressions that the view joins by. They are proven in its place.
#}
{% test one_row_per(model, columns, parent=none, keys=none) %}
{%- set proven = keys or columns -%}
with

proven as (

    select
        {% for key in proven -%}
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
having count(*) > 1 or {% for key in proven %}key_{{ loop.index }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
