-- One row per course taken in a period.
select
    period.period,
    trainings.*,
from model.trainings as trainings
inner join period on trainings.taken_on >= period.start_on and trainings.taken_on <= period.until_on
