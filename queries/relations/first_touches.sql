-- One row per case placed in a period since contacts are recorded, with when it was first tried and reached.
select
    period.period,
    touches.*,
from model.first_touches as touches
inner join period on touches.placed_on >= period.start_on and touches.placed_on <= period.until_on
inner join model.sources as sources on sources.table_id = 'contacts' and touches.placed_on >= sources.first_on
