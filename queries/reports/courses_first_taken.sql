-- One row per collector and kind of course: when they first passed one.
select
    collector_id,
    training_kind,
    min(taken_on) as taken_on,
from model.trainings
where is_passed and taken_on <= as_of_day()
group by collector_id, training_kind
order by collector_id, training_kind
