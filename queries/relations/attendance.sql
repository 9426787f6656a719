-- One row per collector and day (or group) of attendance in a period.
select
    period.period,
    workdays.*,
from rolled.workdays as workdays
inner join period on workdays.worked_on >= period.start_on and workdays.worked_on <= period.until_on
