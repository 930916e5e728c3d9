{#
    Proves a relation's grain: no two rows share the columns' values, and none of these is null.

    columns: names of the columns that tell the rows apart.
#}
{% test one_row_per(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as copies,
    'the grain repeats or holds a null' as reason
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
