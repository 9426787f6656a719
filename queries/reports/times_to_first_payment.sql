-- One row per group of cases placed in a period and day since placement: how many paid first, left unpaid, or were last seen then.
with

chosen as (
    select
        case $dimension
            when 'bucket' then bucket
            when 'product' then product
            when 'region' then region
            when 'team' then team
            when 'strategy' then strategy
            when 'batch' then batch
            when 'agency' then agency
            when 'age_band' then age_band
            else ''
        end as value,
        placed_on,
        first_paid_on,
        left_on,
        first_paid_on is not null and (left_on is null or first_paid_on <= left_on) as has_paid,
    from model.cases
    where
        placed_on >= $start and placed_on <= $until
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
)

select
    value,
    greatest(
        date_diff('day', placed_on, case when has_paid then first_paid_on else coalesce(left_on, as_of_day()) end), 0
    ) as day,
    count(*) filter (where has_paid) as events,
    count(*) filter (where not has_paid and left_on is not null) as competing,
    count(*) filter (where not has_paid and left_on is null) as censored,
from chosen
group by value, day
order by value, day
