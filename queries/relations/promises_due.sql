-- One row per promise (or group) due in a period; the bucket is the one its case opened the month of the due date in.
select
    period.period,
    promises.* replace (promises.due_bucket as bucket),
from rolled.promises as promises
inner join period on promises.due_on >= period.start_on and promises.due_on <= period.until_on
where not promises.is_ahead
