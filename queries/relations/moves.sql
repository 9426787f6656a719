-- One row per case (or group) and complete month of a period: its state at the start and, if it was seen, at the end.
-- In a month of which no balances are known only those that left would be in it.
select
    period.period,
    moves.*,
    (moves.bucket_rank < last_edge.rank) as can_roll,
from rolled.case_months as moves
inner join model.months as months on moves.month_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
cross join (select max(rank) as rank from model.bucket_edges) as last_edge
where not moves.is_closing and moves.end_state != 'unobserved' and months.is_seen
