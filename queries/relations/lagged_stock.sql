-- One row per case open at the start of the month that lies the charge-off lag before a month of a period.
select
    period.period,
    stock.opening_amount,
    stock.bucket,
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
from model.months as months
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
inner join model.case_months as stock on stock.month_number = months.month_number - charge_off_lag_months()
inner join model.cases as cases on stock.case_key = cases.case_key
where months.is_complete and not months.is_closing
