-- One row per posting (or group) with its value date in a period; the bucket is the one its case opened the month in.
select
    period.period,
    cash.*,
from rolled.cash as cash
inner join period on cash.paid_on >= period.start_on and cash.paid_on <= period.until_on
