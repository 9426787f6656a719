-- One row per posting with its posting date in a period.
select
    period.period,
    cash.*,
from model.cash as cash
inner join period on cash.posted_on >= period.start_on and cash.posted_on <= period.until_on
