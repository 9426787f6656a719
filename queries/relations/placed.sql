-- One row per case placed in a period, with what has become of it up to the as-of day.
select
    period.period,
    cases.*,
from model.cases as cases
inner join period on cases.placed_on >= period.start_on and cases.placed_on <= period.until_on
