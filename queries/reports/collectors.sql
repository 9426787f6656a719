-- One row per collector: who it is, where, and since when.
select
    collector_id,
    name,
    team,
    site,
    agency,
    grade,
    hired_on,
    left_on,
from export.collectors
order by collector_id
