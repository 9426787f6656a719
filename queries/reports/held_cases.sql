-- One row per case that one collector holds on the as-of day and that hasn't left: since when, its last balance and its cash, the largest first.
select
    cases.case_id,
    cases.product,
    coalesce(edges.bucket, '') as bucket,
    holdings.from_on as held_from,
    positions.amount as balance,
    cases.net_amount,
    count(*) over () as all_rows,
from model.holdings as holdings
inner join model.cases as cases on holdings.case_key = cases.case_key
inner join model.positions as positions
    on holdings.case_key = positions.case_key and positions.known_on <= as_of_day() and positions.until_on > as_of_day()
left join model.bucket_edges as edges
    on positions.days_past_due >= edges.low and positions.days_past_due <= edges.high
    and as_of_day() >= edges.valid_from and as_of_day() < edges.valid_to
where holdings.collector_id = $collector and holdings.from_on <= as_of_day() and holdings.until_on >= as_of_day() and cases.left_on is null
order by positions.amount desc, cases.case_id
limit $limit offset $offset
