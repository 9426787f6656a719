-- One row per posting with its value date in a period of several whole months; the bucket is the one its case was in when the period began.
select
    period.period,
    cash.* replace (
        case
            when cash.case_key is null then ''
            when opening.bucket is not null then opening.bucket
            when cash.placed_on >= period.start_on then 'new'
            else 'left'
        end as bucket
    ),
from model.cash as cash
inner join period on cash.paid_on >= period.start_on and cash.paid_on <= period.until_on
left join model.case_months as opening on cash.case_key = opening.case_key and period.start_on = opening.month
