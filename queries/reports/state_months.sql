-- One row per month, state at its start and at its end, and whether placed in the month before: balance, moves and cash.
select
    moves.month,
    moves.is_complete,
    moves.is_closing,
    moves.start_state,
    case when months.is_seen then moves.end_state else 'unobserved' end as end_state,
    moves.placed_month >= moves.month - interval 1 month as is_new,
    sum(moves.opening_amount) as opening_amount,
    sum(moves.month_net_amount) as net_amount,
from rolled.case_months as moves
inner join model.months as months on moves.month_number = months.month_number
where ($product is null or list_contains($product, moves.product))
    and ($region is null or list_contains($region, moves.region))
    and ($team is null or list_contains($team, moves.team))
    and ($batch is null or list_contains($batch, moves.batch))
    and ($teams is null or list_contains($teams, moves.team))
group by all
order by all
