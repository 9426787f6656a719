-- One row per course that one collector took, the latest first.
select
    course,
    training_kind,
    taken_on,
    score,
    is_passed,
from model.trainings
where collector_id = $collector
order by taken_on desc, course
