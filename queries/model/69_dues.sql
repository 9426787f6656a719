-- One row per promise or instalment that fell due, its case not having left, and left time for a reminder: whether one of ours got through in the days before.
create table model.dues as
with

due as (
    select
        promises.case_key,
        promises.due_on,
        promises.made_on as agreed_on,
        'promise' as due_kind,
    from model.promises as promises
    inner join model.cases as cases on promises.case_key = cases.case_key
    where
        promises.replaced_on is null and promises.due_on <= as_of_day()
        and (cases.left_on is null or promises.due_on <= cases.left_on)
    union all
    select
        cases.case_key,
        instalments.due_on,
        plans.agreed_on,
        'instalment' as due_kind,
    from export.instalments as instalments
    inner join export.plans as plans on instalments.plan_id = plans.plan_id
    inner join model.cases as cases on plans.case_id = cases.case_id
    where
        instalments.due_on <= as_of_day() and (plans.ended_on is null or instalments.due_on <= plans.ended_on)
        and (cases.left_on is null or instalments.due_on <= cases.left_on)
),

counted as (
    select
        case_key,
        due_on,
        due_kind,
        max(agreed_on) as agreed_on,
        count(*) as due_count,
    from due
    where date_diff('day', agreed_on, due_on) >= 2
    group by case_key, due_on, due_kind
),

-- one row per day on which a reminder would count, so that contacts are found by case and day
before as (
    select
        counted.case_key,
        counted.due_on,
        counted.due_kind,
        counted.agreed_on,
        cast(counted.due_on - cast(days.ahead as integer) as date) as remind_on,
    from counted
    cross join (select unnest(range(1, reminder_days() + 1)) as ahead) as days
),

reminded as (
    select
        before.case_key,
        before.due_on,
        before.due_kind,
        max(kinds.automated_count) as automated,
    from before
    inner join model.touches as touches on before.case_key = touches.case_key and before.remind_on = touches.contacted_on
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.reached_count = 1 and before.remind_on > before.agreed_on
    group by before.case_key, before.due_on, before.due_kind
)

select
    counted.case_key,
    counted.due_on,
    counted.due_kind,
    coalesce(holders.team, 'house') as team,
    coalesce(holders.collector_id, 'house') as collector_id,
    coalesce(holders.agency, '') as agency,
    coalesce(months.bucket, case when month_number(counted.due_on) <= cases.placed_month_number then 'new' else 'left' end) as bucket,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    counted.due_count,
    case when reminded.case_key is not null then counted.due_count else 0 end as reminded_count,
    case when reminded.automated = 1 then counted.due_count else 0 end as reminded_automatically_count,
from counted
inner join model.cases as cases on counted.case_key = cases.case_key
left join reminded
    on counted.case_key = reminded.case_key and counted.due_on = reminded.due_on and counted.due_kind = reminded.due_kind
left join model.holders as holders
    on cases.case_id = holders.case_id and counted.due_on >= holders.from_on and counted.due_on <= holders.until_on
left join model.case_months as months
    on counted.case_key = months.case_key and month_number(counted.due_on) = months.month_number
