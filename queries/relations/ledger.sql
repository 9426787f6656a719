-- One row per posting (or group) with its posting date in a period.
select
    period.period,
    cash.*,
from rolled.cash as cash
inner join period on cash.posted_on >= period.start_on and cash.posted_on <= period.until_on
