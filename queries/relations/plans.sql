-- One row per plan agreed in a period, with what has become of it up to the as-of day.
select
    period.period,
    plans.*,
from model.plans as plans
inner join period on plans.agreed_on >= period.start_on and plans.agreed_on <= period.until_on
