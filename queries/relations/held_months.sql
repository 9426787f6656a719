-- One row per collector and whole month of a period: the days that cases were with them.
select
    period.period,
    held.collector_id,
    held.team,
    held.agency,
    held.held_days,
from model.held_months as held
inner join period on held.month >= period.start_on and held.month <= period.until_on
