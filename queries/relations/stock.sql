-- One row per case open when a period begins; periods begin with a month.
with

paid as (
    select
        period.period,
        cash.case_key,
    from model.cash as cash
    inner join period on cash.paid_on >= period.start_on and cash.paid_on <= period.until_on
    where cash.case_key is not null and cash.net_amount != 0
    group by period.period, cash.case_key
    having sum(cash.net_amount) > 0
)

select
    period.period,
    stock.case_key,
    stock.opening_amount,
    stock.bucket,
    stock.bucket_rank,
    stock.start_state,
    stock.team,
    stock.collector_id,
    stock.agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    (paid.case_key is not null) as is_paid,
from model.case_months as stock
inner join period on stock.month = period.start_on
inner join model.cases as cases on stock.case_key = cases.case_key
left join paid on stock.case_key = paid.case_key and period.period = paid.period
where not stock.is_closing
