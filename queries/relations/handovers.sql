-- One row per case and side that went from one collector to another in a period.
select
    period.period,
    handovers.*,
from model.handovers as handovers
inner join period on handovers.moved_on >= period.start_on and handovers.moved_on <= period.until_on
