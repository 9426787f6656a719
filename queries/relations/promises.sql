-- One row per promise (or group) made in a period, with what has become of it up to the as-of day.
select
    period.period,
    promises.*,
from rolled.promises as promises
inner join period on promises.made_on >= period.start_on and promises.made_on <= period.until_on
