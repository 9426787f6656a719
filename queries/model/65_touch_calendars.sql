-- One row per case with a contact: in which months it was tried, reached or called by itself, as calendars (month_bit), so that whether it was
-- in a year is one look at one row.
create table model.touch_calendars as
select
    case_key,
    bit_or(case when attempt_count > 0 then month_bit(month_number) else 0 end) as attempted_months,
    bit_or(case when live_count > 0 then month_bit(month_number) else 0 end) as live_months,
    bit_or(case when connected_count > 0 then month_bit(month_number) else 0 end) as connected_months,
    bit_or(case when right_party_count > 0 then month_bit(month_number) else 0 end) as right_party_months,
    bit_or(case when inbound_count > 0 then month_bit(month_number) else 0 end) as inbound_months,
from model.touch_months
group by case_key
