-- One row per payment in the first days after its case passed from one collector to another, the latest first.
with

-- a posting names its holder, since when, and who held the case before
listed as (
    select
        collector_id,
        team,
        previous_id,
        case_key,
        held_from_on,
        payment_id,
        paid_on,
        gross_amount,
    from model.cash
    where posted_count = 1 and case_key is not null
        and previous_id != collector_id and date_diff('day', previous_until_on, held_from_on) <= 7
        and held_from_on >= $start and held_from_on <= $until
        and date_diff('day', held_from_on, paid_on) < $soon
        -- which follows, and spares the months before and after
        and paid_on >= $start and paid_on < $until + interval ($soon) day
        and ($teams is null or list_contains($teams, team))
    order by paid_on desc, payment_id
    limit $limit
)

select
    listed.collector_id,
    case when $names then collectors.name end as name,
    listed.team,
    listed.previous_id as from_collector_id,
    cases.case_id,
    listed.held_from_on as transferred_on,
    listed.payment_id,
    listed.paid_on,
    listed.gross_amount as amount,
from listed
inner join model.cases as cases on listed.case_key = cases.case_key
left join export.collectors as collectors on listed.collector_id = collectors.collector_id
order by listed.paid_on desc, listed.payment_id
