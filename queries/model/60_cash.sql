-- One row per posting with the bucket its case was in when the month of its value date began.
create table model.cash as
select
    row_number() over (order by postings.paid_on, postings.payment_id) as posting_key,
    postings.*,
    case
        when postings.case_key is null then ''
        when case_months.bucket is not null then case_months.bucket
        when postings.months_since_placement = 0 then 'new'
        else 'left'
    end as bucket,
from model.postings as postings
left join model.case_months as case_months
    on postings.case_key = case_months.case_key and postings.month_number = case_months.month_number
order by postings.paid_on, postings.payment_id
