-- One row per case that one collector holds on the as-of day and that hasn't left: since when, its balance (the last known, else placed less net
-- cash), the bucket it has come to by then, and its cash, the largest balance first.
with

held as (
    select
        cases.case_id,
        cases.product,
        cases.net_amount,
        holdings.from_on as held_from,
        case
            when positions.from_balances = 1 then positions.amount
            else greatest(positions.amount - cases.net_amount, 0)
        end as balance,
        eve_days_past_due(
            positions.from_balances, positions.days_past_due, positions.known_on, as_of_day() + 1
        ) as days_past_due,
    from model.holdings as holdings
    inner join model.cases as cases on holdings.case_key = cases.case_key
    inner join model.positions as positions
        on holdings.case_key = positions.case_key and positions.known_on <= as_of_day() and positions.until_on > as_of_day()
    where
        holdings.collector_id = $collector and holdings.from_on <= as_of_day() and holdings.until_on >= as_of_day()
        and cases.left_on is null
)

select
    held.case_id,
    held.product,
    coalesce(edges.bucket, '') as bucket,
    held.held_from,
    held.balance,
    held.net_amount,
    count(*) over () as all_rows,
from held
left join model.bucket_edges as edges
    on held.days_past_due >= edges.low and held.days_past_due <= edges.high
    and as_of_day() >= edges.valid_from and as_of_day() < edges.valid_to
order by held.balance desc, held.case_id
limit $limit offset $offset
