{#
    A model is replaced in one statement: the lake keeps the version before it, and a build that runs in one
    transaction stays free of the renames and backups that dbt-duckdb's own materializations use.
#}
{% materialization table, adapter="duckdb" %}
    {{ return(replaced_relation('table')) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return(replaced_relation('view')) }}
{% endmaterialization %}

{# Replaces the model's relation by its compiled SQL. kind: table or view. #}
{% macro replaced_relation(kind) %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type=kind) -%}
    {% if existing is not none and existing.type != kind %}
        {{ drop_relation_if_exists(existing) }}
    {% endif %}
    {{ run_hooks(pre_hooks) }}
    {% if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(compiled_code) }}
    {% endif %}
    {% call statement('main') -%}
        create or replace {{ kind }} {{ target }} as
        {{ compiled_code }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmacro %}
