-- One row per case that left in a period, with the balance it left with.
select
    period.period,
    exits.*,
from model.exits as exits
inner join period on exits.left_on >= period.start_on and exits.left_on <= period.until_on
