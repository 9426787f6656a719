-- One row per case open when a period of several whole months begins and month of the period with a contact (or none): attempts on it.
select
    period.period,
    stock.*,
    coalesce(touches.attempt_count, 0) as attempt_count,
from model.case_months as stock
inner join period on stock.month = period.start_on
left join model.touch_months as touches
    on stock.case_key = touches.case_key
    and touches.month_number >= month_number(period.start_on) and touches.month_number <= month_number(period.until_on)
where not stock.is_closing
