-- One row per case with cash: in which months its net cash was above zero, and in which below, as calendars (month_bit).
create table model.cash_calendars as
with

paid_months as (
    select
        case_key,
        month_number,
        sum(net_amount) as net_amount,
    from model.cash
    where case_key is not null and net_amount != 0 and paid_on <= as_of_day()
    group by case_key, month_number
)

select
    case_key,
    bit_or(case when net_amount > 0 then month_bit(month_number) else 0 end) as paid_months,
    bit_or(case when net_amount < 0 then month_bit(month_number) else 0 end) as reversed_months,
from paid_months
group by case_key
