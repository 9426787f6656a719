-- One row per case placed in a period, from the month on in which contacts begin to be recorded, with when it was first tried and reached.
select
    period.period,
    touches.*,
from model.first_touches as touches
inner join period on touches.placed_on >= period.start_on and touches.placed_on <= period.until_on
inner join model.sources as sources on sources.table_id = 'contacts' and touches.placed_on >= date_trunc('month', sources.first_on)
