-- One row per file or mapping block of every load that made this snapshot: what became of its rows.
select
    load_number,
    number,
    name,
    table_id,
    encoding,
    sha256,
    rows_read,
    rows_loaded,
    rows_rejected,
    rows_folded,
    rows_blank,
    rows_used,
    rows_unused,
    ignored_headers,
from meta.files
order by load_number desc, number
