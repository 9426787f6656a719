-- One row per milestone of the export, whoever may see it.
select
    milestone_id,
    measure,
    name,
    owner,
    baseline_start,
    baseline_end,
    planned_start,
    planned_end,
    actual_start,
    actual_end,
    percent,
    depends_on,
    evidence,
    team,
from export.milestones
order by milestone_id
