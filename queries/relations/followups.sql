-- One row per follow-up planned for a day of a period, with what has become of it up to the as-of day.
select
    period.period,
    followups.*,
    1 as followup_count,
    flag(followups.done_on is not null) as done_count,
    flag(followups.fell_due) as due_count,
    flag(followups.fell_due and followups.followup_state = 'in_time') as in_time_count,
    flag(followups.followup_state = 'overdue') as overdue_count,
    flag(followups.done_on is not null and followups.willingness in ('willing', 'wavering', 'refusing')) as willingness_count,
    flag(followups.done_on is not null and followups.willingness = 'willing') as willing_count,
    flag(followups.done_on is not null and followups.ability in ('able', 'strained', 'unable')) as ability_count,
    flag(followups.done_on is not null and followups.ability = 'able') as able_count,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from model.followups as followups
inner join period on followups.planned_on >= period.start_on and followups.planned_on <= period.until_on
inner join model.cases as cases on followups.case_key = cases.case_key
