-- One row per posting of a list: its case, days and net amount, as a pay statement shows what stands behind it.
select
    cash.payment_id,
    cases.case_id,
    cash.paid_on,
    cash.posted_on,
    cash.net_amount,
from model.cash as cash
left join model.cases as cases on cash.case_key = cases.case_key
where list_contains($ids, cash.payment_id)
order by cash.paid_on, cash.payment_id
