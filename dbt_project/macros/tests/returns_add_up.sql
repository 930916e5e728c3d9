{#
    Proves that daily returns keep their books: figures in range, and net_return = (1 + gross_return)(1 − cost) − 1.
#}
{% test returns_add_up(model) %}
with

judged as (

    select
        *,
        case
            when (cost between 0 and 1) is not true then 'cost is no fraction'
            when (turnover >= 0) is not true then 'turnover is negative'
            when (abs((1 + gross_return) * (1 - cost) - 1 - net_return) < 1e-12) is not true
                then 'net_return is not gross_return less cost'
        end as reason
    from {{ model }}

)

select * from judged
where reason is not null
{% endtest %}
