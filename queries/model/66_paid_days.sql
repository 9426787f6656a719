-- One row per case that promised or agreed a plan and day on which cash came that can keep it: what came that day, and up to it.
-- A reversal is taken off its payment's day; one that names no payment, off its own.
create table model.paid_days as
with

bound as (
    select
        case_id,
    from export.promises
    union distinct
    select
        case_id,
    from export.plans
),

reversed as (
    select
        reverses as payment_id,
        sum(amount) as amount,
    from export.payments
    where kind = 'reversal' and is_posted(status) and reverses is not null and paid_on <= as_of_day()
    group by reverses
),

days as (
    select
        cases.case_key,
        payments.paid_on,
        cast(sum(payments.amount + coalesce(reversed.amount, 0)) as decimal(18, 2)) as amount,
    from export.payments as payments
    inner join bound on payments.case_id = bound.case_id
    inner join model.cases as cases on payments.case_id = cases.case_id
    left join reversed on payments.payment_id = reversed.payment_id
    where
        is_posted(payments.status) and payments.paid_on <= as_of_day()
        and (payments.kind = 'payment' or (payments.kind = 'reversal' and payments.reverses is null))
    group by cases.case_key, payments.paid_on
)

select
    case_key,
    paid_on,
    amount,
    cast(sum(amount) over (partition by case_key order by paid_on) as decimal(18, 2)) as until_amount,
from days
order by case_key, paid_on
