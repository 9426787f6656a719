-- One row per complaint whose incident (or receipt, where no day of incident is given) falls in a period.
select
    period.period,
    complaints.*,
from model.complaints as complaints
inner join period on complaints.fell_on >= period.start_on and complaints.fell_on <= period.until_on
