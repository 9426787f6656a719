-- One row per collector: who they are, and what they worked, held, were reviewed and trained in a month of pay.
with

days as (
    select
        collector_id,
        cast(sum(day_count - leave_count) as integer) as worked_days,
        cast(sum(leave_count) as integer) as leave_days,
        sum(productive_hours) as hours,
    from rolled.workdays as workdays
    where worked_on between $start and $until
    group by collector_id
),

held as (
    select
        collector_id,
        cast(sum(held_days) as bigint) as case_days,
    from model.held_months
    where month = $start and $until <= as_of_day()
    group by collector_id
    union all
    -- the running month, so far
    select
        collector_id,
        cast(sum(date_diff('day', greatest(from_on, cast($start as date)), least(until_on, as_of_day())) + 1) as bigint) as case_days,
    from model.holdings
    where $until > as_of_day() and from_on <= as_of_day() and until_on >= $start
    group by collector_id
),

quality as (
    select
        collector_id,
        sum(cast(score as decimal(12, 4)) * cast(coalesce(sampling_weight, 1) as decimal(12, 4))) as qa_score_sum,
        sum(cast(coalesce(sampling_weight, 1) as decimal(12, 4))) as qa_weight_sum,
        count(*) as qa_reviews,
        count(*) filter (where critical) as critical_reviews,
    from export.reviews
    where reviewed_on between $start and $until
    group by collector_id
),

trained as (
    select
        collector_id,
        max(taken_on) as trained_on,
    from export.trainings
    where passed and list_contains($training_kinds, kind) and taken_on <= $until
    group by collector_id
)

select
    collectors.collector_id as id,
    collectors.team,
    collectors.grade,
    coalesce(collectors.agency, '') as agency,
    collectors.hired_on,
    collectors.left_on,
    days.worked_days,
    days.leave_days,
    days.hours,
    coalesce(held.case_days, 0) as case_days,
    quality.qa_score_sum,
    quality.qa_weight_sum,
    coalesce(quality.qa_reviews, 0) as qa_reviews,
    coalesce(quality.critical_reviews, 0) as critical_reviews,
    trained.trained_on,
from export.collectors as collectors
left join days on collectors.collector_id = days.collector_id
left join held on collectors.collector_id = held.collector_id
left join quality on collectors.collector_id = quality.collector_id
left join trained on collectors.collector_id = trained.collector_id
order by collectors.collector_id
