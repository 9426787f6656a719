-- One row per milestone of the export that a person may see: their teams' and those of no team.
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
where $teams is null or coalesce(team, '') = '' or list_contains($teams, team)
order by milestone_id
