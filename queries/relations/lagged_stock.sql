-- One row per case (or group) open at the start of the month that lies the charge-off lag before a month of a period.
select
    period.period,
    stock.*,
from model.months as months
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
inner join rolled.case_months as stock on stock.month_number = months.month_number - charge_off_lag_months()
where months.is_complete and not months.is_closing
