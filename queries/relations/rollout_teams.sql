-- One row per team, with whether its first roll-out milestone had begun by a period's end.
select
    period.period,
    teams.team,
    coalesce(first_steps.begun_on <= period.until_on, false) as is_covered,
from (select distinct team from export.collectors where team is not null) as teams
left join (
    select
        team,
        min(actual_start) as begun_on,
    from export.milestones
    where team is not null
    group by team
) as first_steps on teams.team = first_steps.team
cross join period
