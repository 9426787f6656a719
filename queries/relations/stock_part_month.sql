-- One row per case open when a period begins; periods begin with a month but aren't just that month, so who paid is counted afresh.
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
    stock.* replace (case when paid.case_key is not null then 1 else 0 end as paid_count),
from model.case_months as stock
inner join period on stock.month = period.start_on
left join paid on stock.case_key = paid.case_key and period.period = paid.period
where not stock.is_closing
