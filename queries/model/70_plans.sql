-- One row per plan agreed: by whom, of which balance, and how it went on: broken by its first instalment missed, completed when the cash since
-- reached all that was scheduled, replaced by another plan, ended by an end on record, left with its case, or still running; `unscheduled`: no
-- instalments of it are known.
create table model.plans as
with

scheduled as (
    select
        plan_id,
        count(*) as instalment_count,
        sum(instalment_amount) as scheduled_amount,
        max(enough_amount) as enough_amount,
        min(case when instalment_state = 'missed' then judged_on end) as broken_on,
        max(flag(instalment_state = 'undue')) as is_open,
    from model.instalments
    group by plan_id
),

before as (
    select
        spans.plan_id,
        sum(days.amount) as cash_amount,
        sum(case when month_number(days.paid_on) = month_number(spans.agreed_on) then days.amount else 0 end) as month_amount,
    from model.plan_spans as spans
    inner join model.paid_days as days on spans.case_key = days.case_key
    where days.paid_on < spans.agreed_on
    group by spans.plan_id
),

completed as (
    select
        spans.plan_id,
        min(days.paid_on) as completed_on,
    from model.plan_spans as spans
    inner join scheduled on spans.plan_id = scheduled.plan_id
    inner join model.paid_days as days on spans.case_key = days.case_key
    left join before on spans.plan_id = before.plan_id
    where
        days.paid_on >= spans.agreed_on and days.paid_on <= spans.seen_until_on
        and days.until_amount - coalesce(before.cash_amount, 0) >= scheduled.enough_amount
    group by spans.plan_id
),

judged as (
    select
        spans.plan_id,
        spans.case_key,
        spans.agreed_on,
        spans.ended_on,
        spans.left_on,
        spans.replaced_on,
        scheduled.broken_on,
        completed.completed_on,
        case
            when scheduled.plan_id is null then 'unscheduled'
            when completed.completed_on <= coalesce(scheduled.broken_on, completed.completed_on) then 'completed'
            when scheduled.broken_on is not null then 'broken'
            when spans.replaced_on <= coalesce(spans.left_on, spans.replaced_on) and spans.replaced_on <= coalesce(spans.ended_on, spans.replaced_on)
                then 'replaced'
            when spans.left_on <= coalesce(spans.ended_on, spans.left_on) then 'closed'
            when spans.ended_on is not null and coalesce(scheduled.is_open, 0) = 0 then 'ended'
            else 'running'
        end as plan_state,
    from model.plan_spans as spans
    left join scheduled on spans.plan_id = scheduled.plan_id
    left join completed on spans.plan_id = completed.plan_id
),

dated as (
    select
        *,
        case plan_state
            when 'completed' then completed_on
            when 'broken' then broken_on
            when 'replaced' then replaced_on
            when 'closed' then greatest(left_on, agreed_on)
            when 'ended' then greatest(ended_on, agreed_on)
        end as exit_on,
    from judged
)

select
    dated.plan_id,
    dated.case_key,
    dated.agreed_on,
    dated.plan_state,
    dated.exit_on,
    date_diff('day', dated.agreed_on, dated.exit_on) as exit_days,
    coalesce(holders.team, 'house') as team,
    coalesce(holders.collector_id, 'house') as collector_id,
    coalesce(holders.agency, '') as agency,
    coalesce(months.bucket, case when month_number(dated.agreed_on) = cases.placed_month_number then 'new' else 'left' end) as bucket,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    case when plans.affordability_checked then 'checked' when not plans.affordability_checked then 'unchecked' else '' end as affordability,
    scheduled.instalment_count,
    cast(scheduled.scheduled_amount as decimal(18, 2)) as scheduled_amount,
    coalesce(plans.waived_amount, 0) as waived_amount,
    cast(
        greatest(
            coalesce(months.opening_amount, case when month_number(dated.agreed_on) = cases.placed_month_number then cases.placed_amount else 0 end)
            - coalesce(before.month_amount, 0), 0
        ) as decimal(18, 2)
    ) as balance_amount,
    1 as plan_count,
    flag(plans.affordability_checked) as checked_count,
    flag(dated.plan_state != 'unscheduled' and last_day(dated.agreed_on) + plan_observed_days() <= as_of_day()) as observed_count,
    flag(
        last_day(dated.agreed_on) + plan_observed_days() <= as_of_day() and dated.plan_state = 'broken'
        and dated.exit_on <= dated.agreed_on + plan_observed_days()
    ) as broken_count,
    plans.source_file,
    plans.source_line,
from dated
inner join export.plans as plans on dated.plan_id = plans.plan_id
inner join model.cases as cases on dated.case_key = cases.case_key
left join scheduled on dated.plan_id = scheduled.plan_id
left join before on dated.plan_id = before.plan_id
left join model.holders as holders
    on cases.case_id = holders.case_id and dated.agreed_on >= holders.from_on and dated.agreed_on <= holders.until_on
left join model.case_months as months
    on dated.case_key = months.case_key and month_number(dated.agreed_on) = months.month_number
order by dated.agreed_on, dated.plan_id
