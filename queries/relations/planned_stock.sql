-- One row per case with a running plan when a period begins; each period begins with a month.
select
    period.period,
    stock.*,
from model.plan_months as stock
inner join period on stock.month = period.start_on
