-- One row per collector employed on the as-of day: when they last passed a law course and until when it is valid.
with

passed as (
    select
        collector_id,
        max(taken_on) as law_passed_on,
    from model.trainings
    where training_kind = 'law' and is_passed and taken_on <= as_of_day()
    group by collector_id
)

select
    staff.collector_id,
    staff.team,
    passed.law_passed_on,
    cast(passed.law_passed_on + cast(training_valid_days() - 1 as integer) as date) as valid_until,
from model.staff as staff
left join passed on staff.collector_id = passed.collector_id
where staff.hired_on <= as_of_day() and (staff.left_on is null or staff.left_on > as_of_day())
    and ($collector is null or staff.collector_id = $collector)
order by staff.collector_id
