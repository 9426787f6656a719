-- One row per follow-up (or group) planned for a day of a period, with what has become of it up to the as-of day.
select
    period.period,
    followups.*,
from rolled.planned_followups as followups
inner join period on followups.planned_on >= period.start_on and followups.planned_on <= period.until_on
where not followups.is_ahead
