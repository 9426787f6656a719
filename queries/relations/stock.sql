-- One row per case (or group of cases) open when a period begins; each period is a month, or what the data has of it.
select
    period.period,
    stock.*,
from rolled.case_months as stock
inner join period on stock.month = period.start_on
where not stock.is_closing
