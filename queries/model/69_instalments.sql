-- One row per instalment of a plan agreed: whether the cash since the agreement had reached all that was scheduled up to it by its due date +
-- grace. Reversed cash counts for none, waivers are no cash. `void`: the plan was over before it fell due, or its case left (or another plan
-- took its place) within the grace.
create table model.instalments as
with

ordered as (
    select
        spans.plan_id,
        spans.case_key,
        spans.agreed_on,
        spans.seen_until_on,
        spans.due_until_on,
        instalments.number,
        instalments.due_on,
        instalments.amount,
        instalments.due_on + settings.grace_days as judged_on,
        settings.tolerance,
        row_number() over (partition by spans.plan_id order by instalments.due_on, instalments.number) as place,
        sum(instalments.amount)
            over (
                partition by spans.plan_id order by instalments.due_on, instalments.number rows between unbounded preceding and current row
            ) as scheduled_amount,
        instalments.source_file,
        instalments.source_line,
    from export.instalments as instalments
    inner join model.plan_spans as spans on instalments.plan_id = spans.plan_id
    inner join model.plan_settings as settings
        on instalments.due_on >= settings.valid_from and instalments.due_on < settings.valid_to
),

seen as (
    select
        ordered.plan_id,
        ordered.number,
        sum(days.amount) as cash_amount,
    from ordered
    inner join model.paid_days as days on ordered.case_key = days.case_key
    where days.paid_on >= ordered.agreed_on and days.paid_on <= least(ordered.judged_on, ordered.seen_until_on)
    group by ordered.plan_id, ordered.number
),

judged as (
    select
        ordered.*,
        greatest(
            least(ordered.amount, coalesce(seen.cash_amount, 0) - (ordered.scheduled_amount - ordered.amount)), 0
        ) as paid_amount,
        case
            when ordered.due_on > ordered.due_until_on then 'void'
            when least(ordered.judged_on, ordered.seen_until_on) > as_of_day() then 'undue'
            when coalesce(seen.cash_amount, 0) >= ordered.scheduled_amount * ordered.tolerance then 'paid'
            when ordered.judged_on <= ordered.seen_until_on then 'missed'
            else 'void'
        end as instalment_state,
    from ordered
    left join seen on ordered.plan_id = seen.plan_id and ordered.number = seen.number
)

select
    judged.plan_id,
    judged.case_key,
    judged.number,
    cast(judged.place as integer) as place,
    judged.agreed_on,
    judged.due_on,
    judged.judged_on,
    judged.due_on > as_of_day() as is_ahead,
    judged.instalment_state,
    coalesce(holders.team, 'house') as team,
    coalesce(holders.collector_id, 'house') as collector_id,
    coalesce(holders.agency, '') as agency,
    coalesce(months.bucket, case when month_number(judged.due_on) = cases.placed_month_number then 'new' else 'left' end) as bucket,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    case when plans.affordability_checked then 'checked' when not plans.affordability_checked then 'unchecked' else '' end as affordability,
    judged.amount as instalment_amount,
    cast(judged.paid_amount as decimal(18, 2)) as paid_amount,
    judged.place = 1 as is_first,
    flag(judged.instalment_state in ('paid', 'missed')) as matured_count,
    flag(judged.instalment_state = 'paid') as paid_count,
    judged.scheduled_amount,
    judged.tolerance,
    judged.source_file,
    judged.source_line,
from judged
inner join model.cases as cases on judged.case_key = cases.case_key
inner join export.plans as plans on judged.plan_id = plans.plan_id
left join model.holders as holders
    on cases.case_id = holders.case_id and judged.agreed_on >= holders.from_on and judged.agreed_on <= holders.until_on
left join model.case_months as months
    on judged.case_key = months.case_key and month_number(judged.due_on) = months.month_number
order by judged.due_on, judged.plan_id, judged.number
