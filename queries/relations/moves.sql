-- One row per case and complete month of a period: its state at the start and, if it was seen, at the end.
select
    period.period,
    moves.case_key,
    moves.month,
    moves.opening_amount,
    moves.bucket,
    moves.bucket_rank,
    moves.start_state,
    moves.end_state,
    moves.end_rank,
    moves.team,
    moves.collector_id,
    moves.agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    (moves.bucket_rank < last_edge.rank) as can_roll,
from model.case_months as moves
inner join period on moves.month >= period.start_on and moves.month <= period.until_on
inner join model.months as months
    on moves.month_number = months.month_number and months.last_on <= period.until_on
inner join model.cases as cases on moves.case_key = cases.case_key
cross join (select max(rank) as rank from model.bucket_edges) as last_edge
where not moves.is_closing and moves.end_state != 'unobserved'
