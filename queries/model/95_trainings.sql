-- One row per course taken by a collector, with its result.
create table model.trainings as
select
    trainings.collector_id,
    coalesce(staff.team, '') as team,
    coalesce(staff.agency, '') as agency,
    coalesce(staff.site, '') as site,
    coalesce(staff.grade, '') as grade,
    trainings.course,
    trainings.kind as training_kind,
    trainings.taken_on,
    cast(trainings.score as decimal(18, 2)) as score,
    trainings.passed as is_passed,
    trainings.source_line,
from export.trainings as trainings
left join model.staff as staff on trainings.collector_id = staff.collector_id
order by trainings.taken_on, trainings.collector_id, trainings.course
