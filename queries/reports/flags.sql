-- One row per kind of suspicion and table: how many rows were loaded and flagged.
select
    kind,
    table_id,
    count(*) as row_count,
    min(detail) as example,
from meta.flags
group by kind, table_id
order by kind, table_id
