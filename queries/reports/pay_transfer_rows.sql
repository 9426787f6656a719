-- One row per payment in the first days after its case passed from one collector to another, the latest first.
with

listed as (
    select
        handovers.collector_id,
        handovers.team,
        handovers.other_id,
        handovers.case_key,
        handovers.moved_on,
        cash.payment_id,
        cash.paid_on,
        cash.gross_amount,
    from model.handovers as handovers
    inner join model.cash as cash
        on handovers.case_key = cash.case_key
            and cash.posted_count = 1
            and cash.paid_on >= handovers.moved_on
            and cash.paid_on <= handovers.held_until_on
            and cash.paid_on < handovers.moved_on + interval ($soon) day
            -- which follows from the two, and spares the months before and after
            and cash.paid_on >= $start
            and cash.paid_on < $until + interval ($soon) day
    where handovers.handed = 'in' and handovers.gap_days <= 7 and handovers.moved_on >= $start and handovers.moved_on <= $until
        and ($teams is null or list_contains($teams, handovers.team))
    order by cash.paid_on desc, cash.payment_id
    limit $limit
)

select
    listed.collector_id,
    case when $names then collectors.name end as name,
    listed.team,
    listed.other_id as from_collector_id,
    cases.case_id,
    listed.moved_on as transferred_on,
    listed.payment_id,
    listed.paid_on,
    listed.gross_amount as amount,
from listed
inner join model.cases as cases on listed.case_key = cases.case_key
left join export.collectors as collectors on listed.collector_id = collectors.collector_id
order by listed.paid_on desc, listed.payment_id
