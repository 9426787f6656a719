-- One row per case whose id, or whose customer's id, is what is sought or starts with it; exact ones first.
select
    cases.case_id,
    cases.customer_id,
    cases.product,
    cases.region,
    cases.placed_on,
    cases.placed_amount,
    cases.net_amount,
    cases.left_on,
    cases.left_reason,
    count(*) over () as all_rows,
from model.cases as cases
where (starts_with(cases.case_id, $sought) or starts_with(cases.customer_id, $sought))
    and ($teams is null or exists (
        select 1
        from model.holders as holders
        where holders.case_id = cases.case_id and list_contains($teams, holders.team)
    ))
order by (cases.case_id = $sought or cases.customer_id = $sought) desc, cases.case_id
limit $limit
