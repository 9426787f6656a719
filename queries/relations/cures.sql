-- One row per case (or group) past due at the start of a complete month of a period, with what became of it.
select
    period.period,
    cures.*,
from rolled.cures as cures
inner join model.months as months on cures.month_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
