-- One row per posting of a list: its case, day, kind and amount, as a pay statement shows what stands behind it.
select
    postings.payment_id,
    cases.case_id,
    postings.paid_on,
    postings.posted_on,
    postings.kind,
    postings.product,
    postings.net_amount,
from model.postings as postings
left join model.cases as cases on postings.case_key = cases.case_key
where list_contains($ids, postings.payment_id)
order by postings.paid_on, postings.payment_id
