-- One row per load and table: rows added, changed and found unchanged against the snapshot before.
select
    load_number,
    table_id,
    added,
    changed,
    unchanged,
from meta.changes
order by load_number desc, table_id
