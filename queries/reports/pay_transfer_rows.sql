-- One row per payment in the first days after its case passed from one collector to another, the latest first.
with

spans as (
    select
        case_id,
        collector_id,
        team,
        from_on,
        until_on,
        lag(collector_id) over (partition by case_id order by from_on) as from_collector_id,
        lag(until_on) over (partition by case_id order by from_on) as from_until_on,
    from model.holders
)

select
    spans.collector_id,
    case when $names then collectors.name end as name,
    spans.team,
    spans.from_collector_id,
    spans.case_id,
    spans.from_on as transferred_on,
    payments.payment_id,
    payments.paid_on,
    payments.amount,
from spans
inner join export.payments as payments
    on spans.case_id = payments.case_id
        and payments.kind = 'payment'
        and coalesce(payments.status, 'posted') = 'posted'
        and payments.paid_on >= spans.from_on
        and payments.paid_on <= spans.until_on
        and payments.paid_on < spans.from_on + interval ($soon) day
left join export.collectors as collectors on spans.collector_id = collectors.collector_id
where spans.from_collector_id != spans.collector_id
    and date_diff('day', spans.from_until_on, spans.from_on) <= 7
    and spans.from_on >= $start
    and spans.from_on <= $until
    and ($teams is null or list_contains($teams, spans.team))
order by payments.paid_on desc, payments.payment_id
limit $limit
