-- One row per group of cases open when a period begins, with what contact did in the period; each period is a span that is kept (model.spans).
select
    period.period,
    spans.*,
from model.reach_spans as spans
inner join period on spans.start_on = period.start_on and spans.last_month_number = month_number(period.until_on)
