-- One row per month of pay and collector, from the month that begins on $start to the one that ends on $until: who they are, and what they
-- worked, held, were reviewed and trained in it.
with

months as (
    select cast(month as date) as month
    from generate_series(cast($start as timestamp), cast($until as timestamp), interval 1 month) as series (month)
),

days as (
    select
        collector_id,
        cast(date_trunc('month', worked_on) as date) as month,
        cast(sum(day_count - leave_count) as integer) as worked_days,
        cast(sum(leave_count) as integer) as leave_days,
        sum(productive_hours) as hours,
    from rolled.workdays as workdays
    where worked_on between $start and $until
    group by all
),

held as (
    select
        collector_id,
        month,
        cast(sum(held_days) as bigint) as case_days,
    from model.held_months
    where month >= $start and month <= $until
    group by all
    union all
    -- the running month, so far
    select
        collector_id,
        cast(date_trunc('month', as_of_day()) as date) as month,
        cast(sum(date_diff('day', greatest(from_on, date_trunc('month', as_of_day())), least(until_on, as_of_day())) + 1) as bigint) as case_days,
    from model.holdings
    where $until > as_of_day() and last_day(as_of_day()) > as_of_day()
        and from_on <= as_of_day() and until_on >= date_trunc('month', as_of_day())
    group by collector_id
),

quality as (
    select
        collector_id,
        cast(date_trunc('month', reviewed_on) as date) as month,
        sum(cast(score as decimal(12, 4)) * cast(coalesce(sampling_weight, 1) as decimal(12, 4))) as qa_score_sum,
        sum(cast(coalesce(sampling_weight, 1) as decimal(12, 4))) as qa_weight_sum,
        count(*) as qa_reviews,
        count(*) filter (where critical) as critical_reviews,
    from export.reviews
    where reviewed_on between $start and $until
    group by all
),

trained as (
    select
        trainings.collector_id,
        months.month,
        max(trainings.taken_on) as trained_on,
    from export.trainings as trainings
    inner join months on trainings.taken_on <= last_day(months.month)
    where trainings.passed and list_contains($training_kinds, trainings.kind)
    group by all
)

select
    months.month,
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
cross join months
left join days on collectors.collector_id = days.collector_id and months.month = days.month
left join held on collectors.collector_id = held.collector_id and months.month = held.month
left join quality on collectors.collector_id = quality.collector_id and months.month = quality.month
left join trained on collectors.collector_id = trained.collector_id and months.month = trained.month
order by months.month, collectors.collector_id
