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
        greatest(least(ordered.amount, coalesce(seen.cash_amount, 0) - (ordered.scheduled_amount - ordered.amount)), 0) as paid_amount,
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
    plan_id,
    case_key,
    number,
    place = 1 as is_first,
    due_on,
    judged_on,
    due_on > as_of_day() as is_ahead,
    instalment_state,
    amount as instalment_amount,
    cast(paid_amount as decimal(18, 2)) as paid_amount,
    scheduled_amount * tolerance as enough_amount,
    source_file,
    source_line,
from judged
