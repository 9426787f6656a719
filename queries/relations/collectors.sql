-- One row per collector employed on a day of a period: how much of it, whether they left in it, and what they stand at on its last day.
with

spans as (
    select
        period,
        start_on,
        least(until_on, as_of_day()) as until_on,
    from period
    where start_on <= as_of_day()
),

passed as (
    select
        spans.period,
        trainings.collector_id,
        max(trainings.taken_on) as law_passed_on,
    from model.trainings as trainings
    inner join spans on trainings.taken_on <= spans.until_on
    where trainings.training_kind = 'law' and trainings.is_passed
    group by spans.period, trainings.collector_id
)

select
    spans.period,
    staff.collector_id,
    staff.team,
    staff.agency,
    staff.site,
    staff.grade,
    staff.hired_on,
    staff.left_on,
    passed.law_passed_on,
    date_diff('day', greatest(staff.hired_on, spans.start_on), least(coalesce(staff.left_on, spans.until_on), spans.until_on)) + 1 as employed_days,
    cast(
        ratio(
            date_diff('day', greatest(staff.hired_on, spans.start_on), least(coalesce(staff.left_on, spans.until_on), spans.until_on)) + 1,
            date_diff('day', spans.start_on, spans.until_on) + 1
        ) as decimal(18, 6)
    ) as employed_share,
    case when staff.left_on is null or staff.left_on > spans.until_on then 1 else 0 end as staff_count,
    case when staff.left_on <= spans.until_on then 1 else 0 end as leaver_count,
    case
        when (staff.left_on is null or staff.left_on > spans.until_on)
            and date_diff('day', passed.law_passed_on, spans.until_on) < training_valid_days() then 1
        else 0
    end as trained_count,
    case
        when date_diff('month', staff.hired_on, spans.until_on) < 3 then '0-2'
        when date_diff('month', staff.hired_on, spans.until_on) < 6 then '3-5'
        when date_diff('month', staff.hired_on, spans.until_on) < 12 then '6-11'
        when date_diff('month', staff.hired_on, spans.until_on) < 24 then '12-23'
        else '24+'
    end as tenure_band,
from model.staff as staff
inner join spans on staff.hired_on <= spans.until_on and (staff.left_on is null or staff.left_on >= spans.start_on)
left join passed on spans.period = passed.period and staff.collector_id = passed.collector_id
