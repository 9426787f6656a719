-- One row per collector and day of attendance: hours, those of days whose talk time is recorded, and leave.
create table model.workdays as
select
    attendance.worked_on,
    attendance.collector_id,
    coalesce(staff.team, '') as team,
    coalesce(staff.agency, '') as agency,
    coalesce(staff.site, '') as site,
    coalesce(staff.grade, '') as grade,
    cast(attendance.productive_hours as decimal(18, 4)) as productive_hours,
    cast(attendance.talk_hours as decimal(18, 4)) as talk_hours,
    cast(case when attendance.talk_hours is not null then attendance.productive_hours end as decimal(18, 4)) as timed_hours,
    1 as day_count,
    case when coalesce(attendance.leave, '') != '' then 1 else 0 end as leave_count,
    coalesce(attendance.leave, '') as leave,
from export.attendance as attendance
left join model.staff as staff on attendance.collector_id = staff.collector_id
order by attendance.worked_on, attendance.collector_id
