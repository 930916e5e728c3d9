{{ config(meta={
    'description': 'The eligible symbols of a session have the ranks 1 to n, and a higher rank never has a higher score.',
}) }}

with

neighbours as (

    select
        *,
        row_number() over by_rank as place,
        lag(score) over by_rank as better_score
    from {{ ref('rankings') }}
    window by_rank as (
        partition by scenario_id, ranking_id, session_date order by rank
    )

)

select
    *,
    'ranks and scores do not run in step' as reason
from neighbours
where (rank = place and score <= coalesce(better_score, score)) is not true
