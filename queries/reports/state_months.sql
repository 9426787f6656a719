-- One row per month, state at its start and at its end, and whether placed in the month before: balance, moves and cash.
select
    month,
    is_complete,
    is_closing,
    start_state,
    end_state,
    placed_month >= month - interval 1 month as is_new,
    sum(opening_amount) as opening_amount,
    sum(month_net_amount) as net_amount,
from rolled.case_months
where ($product is null or list_contains($product, product))
    and ($region is null or list_contains($region, region))
    and ($team is null or list_contains($team, team))
    and ($batch is null or list_contains($batch, batch))
    and ($teams is null or list_contains($teams, team))
group by all
order by all
