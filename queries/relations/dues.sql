-- One row per promise or instalment (or group) due in a period that left time for a reminder.
select
    period.period,
    dues.*,
from rolled.dues as dues
inner join period on dues.due_on >= period.start_on and dues.due_on <= period.until_on
