-- One row per case and month with a contact: what was tried and whether anybody was reached, so that distinct cases can be counted.
create table model.touch_months as
select
    touches.case_key,
    month_number(touches.contacted_on) as month_number,
    cast(sum(kinds.attempt_count) as integer) as attempt_count,
    cast(sum(kinds.live_count) as integer) as live_count,
    cast(max(kinds.connected_count) as tinyint) as connected_count,
    cast(max(kinds.debtor_talk_count) as tinyint) as right_party_count,
    cast(max(kinds.inbound_count) as tinyint) as inbound_count,
    min(case when kinds.live_count = 1 then touches.contacted_on end) as first_live_on,
    max(case when kinds.live_count = 1 then touches.contacted_on end) as last_live_on,
from model.touches as touches
inner join model.contact_kinds as kinds on touches.kind = kinds.kind
where touches.case_key is not null
group by touches.case_key, month_number(touches.contacted_on)
