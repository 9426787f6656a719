-- One row per placement month and arm: how many customers came into the arm with their first case, to see whether the split held.
select
    placed_month,
    strategy as arm,
    count(*) as customers,
from model.case_outcomes
where case_key = customer_key and placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) + 1 >= $days
    and ($product is null or list_contains($product, product))
    and ($bucket is null or list_contains($bucket, bucket))
    and ($region is null or list_contains($region, region))
    and ($team is null or list_contains($team, team))
    and ($batch is null or list_contains($batch, batch))
    and ($teams is null or list_contains($teams, team))
group by all
order by all
