{{ config(meta={
    'description': 'Prices are positive, the high is not below the low, the close is between them, volume and dividend are not negative; an open or a volume may be unknown.',
}) }}

with

-- adjusted exports round each price of a bar on its own
judged as (

    select
        *,
        case
            when (coalesce(open, close) > 0 and high > 0 and low > 0 and close > 0 and adj_close > 0) is not true
                then 'a price is not positive'
            when (high >= low * (1 - 1e-6)) is not true then 'the high is below the low'
            when (close between low * (1 - 1e-6) and high * (1 + 1e-6)) is not true
                then 'the close is outside the range'
            when (coalesce(volume, 0) >= 0 and coalesce(dividend, 0) >= 0) is not true
                then 'volume or dividend is negative'
        end as reason
    from {{ ref('bars') }}

)

select * from judged
where reason is not null
