-- One row per payment of a month whose debtor somebody had talked to before: who was last (as in model.posting_credits), and the day.
select
    payments.payment_id,
    arg_max(contacts.collector_id, (contacts.started_at, contacts.source_file, contacts.source_line)) as talker,
    max(date_diff('day', date '0001-01-01', cast(contacts.started_at as date)) + 1) as talked_day,
from model.cash as payments
inner join model.cases as cases on payments.case_key = cases.case_key
inner join export.contacts as contacts
    on cases.case_id = contacts.case_id and contacts.started_at < payments.paid_on + interval 1 day
where payments.net_amount != 0
    and payments.paid_on between $earliest and $until
    and contacts.started_at >= cast($earliest as date) - cast($days as integer)
    and contacts.started_at < cast($until as date) + 1
    and is_conversation(contacts.outcome)
    and contacts.party = 'debtor'
    and contacts.collector_id is not null
group by payments.payment_id
