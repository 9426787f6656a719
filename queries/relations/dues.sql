-- One row per promise or instalment (or group) due in a period, from the month on in which contacts begin to be recorded, that left time for a
-- reminder.
select
    period.period,
    dues.*,
from rolled.dues as dues
inner join period on dues.due_on >= period.start_on and dues.due_on <= period.until_on
inner join model.sources as sources on sources.table_id = 'contacts' and dues.due_on >= date_trunc('month', sources.first_on)
