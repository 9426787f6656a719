-- One row per collector that a person may see: what they are called, where that may be known, and their team.
select
    collector_id,
    case when $names then name end as name,
    team,
from export.collectors
where ($teams is null or list_contains($teams, team)) and ($collector is null or collector_id = $collector)
order by collector_id
