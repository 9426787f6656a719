-- One row per case charged off in a complete month of a period; only months whose balance the charge-off lag before it is in the data.
select
    period.period,
    exits.*,
from model.exits as exits
inner join model.months as months on month_number(exits.left_on) = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
where
    exits.left_reason = 'charged_off' and months.is_complete and not months.is_closing
    -- nothing was open yet when the first month began
    and months.month_number - charge_off_lag_months() > (select min(first.month_number) from model.months as first)
