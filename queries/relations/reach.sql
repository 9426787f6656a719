-- One row per case (or group) open when a month begins, with what contact did in that month; each period is such a month.
select
    period.period,
    reach.*,
from rolled.reach as reach
inner join period on reach.month = period.start_on
