-- One row per payment in the first days after its case passed from one collector to another, the latest first.
select
    holders.collector_id,
    case when $names then collectors.name end as name,
    holders.team,
    holders.previous_id as from_collector_id,
    holders.case_id,
    holders.from_on as transferred_on,
    payments.payment_id,
    payments.paid_on,
    payments.amount,
from model.holders as holders
inner join export.payments as payments
    on holders.case_id = payments.case_id
        and payments.kind = 'payment'
        and coalesce(payments.status, 'posted') = 'posted'
        and payments.paid_on >= holders.from_on
        and payments.paid_on <= holders.until_on
        and payments.paid_on < holders.from_on + interval ($soon) day
        -- which follows from the two, and spares the months before and after
        and payments.paid_on >= $start
        and payments.paid_on < $until + interval ($soon) day
left join export.collectors as collectors on holders.collector_id = collectors.collector_id
where holders.previous_id != holders.collector_id
    and date_diff('day', holders.previous_until_on, holders.from_on) <= 7
    and holders.from_on >= $start
    and holders.from_on <= $until
    and ($teams is null or list_contains($teams, holders.team))
order by payments.paid_on desc, payments.payment_id
limit $limit
