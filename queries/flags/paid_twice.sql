-- One row per posting that repeats another of the same case, amount and day.
with

repeated as (
    select
        case_id,
        amount,
        paid_on,
    from export.payments
    where kind = 'payment' and is_posted(status)
    group by case_id, amount, paid_on
    having count(*) > 1
)

select
    'paid_twice' as kind,
    'payments' as table_id,
    payments.source_file,
    payments.source_line,
    payments.payment_id as key,
    cast(payments.amount as varchar) || ' / ' || cast(payments.paid_on as varchar) as detail,
from export.payments as payments
inner join repeated
    on payments.case_id = repeated.case_id and payments.amount = repeated.amount and payments.paid_on = repeated.paid_on
where payments.kind = 'payment' and is_posted(payments.status)
