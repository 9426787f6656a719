-- One row per collector: who it is, where, and from when until when employed.
create table model.staff as
select
    collector_id,
    coalesce(team, '') as team,
    coalesce(agency, '') as agency,
    coalesce(site, '') as site,
    coalesce(grade, '') as grade,
    hired_on,
    left_on,
from export.collectors
order by collector_id
