-- One row per case open when a period of several whole months begins, and whether it paid in the period: from the cases' calendars.
with

spans as (
    select
        *,
        month_bits(start_on, until_on) as months,
    from period
),

-- only where cash was taken back in some months does what is left have to be added up
taken_back as (
    select
        spans.period,
        calendars.case_key,
    from model.cash_calendars as calendars
    inner join spans on is_marked(calendars.paid_months, spans.months) and is_marked(calendars.reversed_months, spans.months)
    inner join model.cash as cash
        on calendars.case_key = cash.case_key and cash.paid_on >= spans.start_on and cash.paid_on <= spans.until_on
    group by spans.period, calendars.case_key
    having sum(cash.net_amount) <= 0
)

select
    spans.period,
    stock.* replace (
        flag(
            is_marked(calendars.paid_months, spans.months)
            and not (spans.period, stock.case_key) in (select (period, case_key) from taken_back)
        ) as paid_count
    ),
from model.case_months as stock
inner join spans on stock.month = spans.start_on
left join model.cash_calendars as calendars on stock.case_key = calendars.case_key
where not stock.is_closing
