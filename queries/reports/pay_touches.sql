-- One row per payment of a month that its holder had touched the case before ($touch: attempt, conversation, right_party), with the last day.
select
    payments.payment_id,
    max(date_diff('day', date '0001-01-01', cast(contacts.started_at as date)) + 1) as touched_day,
from model.cash as payments
inner join model.cases as cases on payments.case_key = cases.case_key
inner join export.contacts as contacts
    on cases.case_id = contacts.case_id and payments.collector_id = contacts.collector_id
    and contacts.started_at < payments.paid_on + interval 1 day
where payments.net_amount != 0
    and payments.paid_on between $earliest and $until
    and contacts.started_at >= cast($earliest as date) - cast($days as integer)
    and contacts.started_at < cast($until as date) + 1
    and (
        $touch = 'attempt'
        or (is_conversation(contacts.outcome) and ($touch = 'conversation' or contacts.party = 'debtor'))
    )
group by payments.payment_id
