-- One row per follow-up planned: done in time, late, not at all or not yet; and what was learnt of the borrower. It fell due if its case was
-- still open when the days it has were over.
create table model.followups as
with

planned as (
    select
        followups.followup_id,
        cases.case_key,
        followups.planned_on,
        followups.planned_on + followup_days() as due_until_on,
        case when followups.done_on <= as_of_day() then followups.done_on end as done_on,
        followups.collector_id,
        followups.willingness,
        followups.ability,
        followups.difficulty,
        followups.source_file,
        followups.source_line,
        cases.left_on,
        cases.case_id,
    from export.followups as followups
    inner join model.cases as cases on followups.case_id = cases.case_id
),

judged as (
    select
        *,
        case
            when done_on <= due_until_on then 'in_time'
            when done_on is not null then 'late'
            when left_on <= due_until_on then 'dropped'
            when due_until_on > as_of_day() then 'coming'
            when left_on is not null then 'undone'
            else 'overdue'
        end as followup_state,
        due_until_on <= as_of_day() and (left_on is null or left_on > due_until_on) as fell_due,
    from planned
)

select
    judged.followup_id,
    judged.case_key,
    judged.planned_on,
    judged.planned_on > as_of_day() as is_ahead,
    judged.done_on,
    judged.followup_state,
    case when judged.collector_id is not null then coalesce(collectors.team, '') else coalesce(holders.team, 'house') end as team,
    coalesce(judged.collector_id, holders.collector_id, 'house') as collector_id,
    case when judged.collector_id is not null then coalesce(collectors.agency, '') else coalesce(holders.agency, '') end as agency,
    coalesce(months.bucket, case when month_number(judged.planned_on) = cases.placed_month_number then 'new' else 'left' end) as bucket,
    coalesce(judged.willingness, '') as willingness,
    coalesce(judged.ability, '') as ability,
    coalesce(judged.difficulty, '') as difficulty,
    case when judged.followup_state = 'late' then date_diff('day', judged.planned_on, judged.done_on) end as late_days,
    judged.fell_due,
    judged.source_file,
    judged.source_line,
from judged
inner join model.cases as cases on judged.case_key = cases.case_key
left join export.collectors as collectors on judged.collector_id = collectors.collector_id
left join model.holders as holders
    on judged.case_id = holders.case_id and judged.planned_on >= holders.from_on and judged.planned_on <= holders.until_on
left join model.case_months as months
    on judged.case_key = months.case_key and month_number(judged.planned_on) = months.month_number
