-- One row per instalment due in a period; the bucket is the one its case opened the month of the due date in, the holder that of the agreement.
select
    period.period,
    instalments.*,
from model.instalments as instalments
inner join period on instalments.due_on >= period.start_on and instalments.due_on <= period.until_on
where not instalments.is_ahead
