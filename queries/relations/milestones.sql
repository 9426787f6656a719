-- One row per milestone that fell due in a period, by its baseline or by its latest plan.
select
    period.period,
    milestones.milestone_id,
    milestones.baseline_end between period.start_on and period.until_on as is_due,
    milestones.planned_end between period.start_on and period.until_on as is_plan_due,
    coalesce(milestones.actual_end <= milestones.baseline_end, false) as is_on_time,
    -- an open one ends no sooner than the day after the last one known
    date_diff(
        'day', milestones.baseline_end, coalesce(milestones.actual_end, greatest(milestones.planned_end, as_of_day() + 1))
    ) as slip_days,
    date_diff('day', milestones.planned_end, coalesce(milestones.actual_end, as_of_day() + 1)) as plan_slip_days,
from export.milestones as milestones
inner join period
    on milestones.baseline_end between period.start_on and period.until_on
    or milestones.planned_end between period.start_on and period.until_on
-- done, but nobody said when: can't be told
where milestones.actual_end is not null or milestones.percent < 100
