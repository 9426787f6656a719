-- One row per flagged row of a kind, with the file and line it came from; a page of them.
select
    flags.kind,
    flags.table_id,
    files.name as file,
    flags.source_line as line,
    flags.key,
    flags.detail,
    count(*) over () as all_rows,
from meta.flags as flags
left join meta.files as files on flags.source_file = files.number
where $kind is null or flags.kind = $kind
order by flags.kind, files.name, flags.source_line
limit $limit offset $offset
