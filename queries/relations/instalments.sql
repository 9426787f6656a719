-- One row per instalment (or group) due in a period; bucket and holder are those of its plan's agreement.
select
    period.period,
    instalments.*,
from rolled.due_instalments as instalments
inner join period on instalments.due_on >= period.start_on and instalments.due_on <= period.until_on
where not instalments.is_ahead
