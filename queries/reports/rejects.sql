-- One row per row put aside, with its reasons and its original cells; a page of them.
select
    load_number,
    table_id,
    file,
    line,
    kinds,
    column_id,
    value,
    expected,
    details,
    content,
    count(*) over () as all_rows,
from meta.rejects
where $table is null or table_id = $table
order by load_number desc, table_id, file, line
limit $limit offset $offset
