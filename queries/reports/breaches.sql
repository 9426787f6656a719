-- One row per example of a breach, with how many there are of its kind in its table and column.
select
    load_number,
    table_id,
    column_id,
    kind,
    file,
    line,
    value,
    expected,
    details,
    occurrences,
from meta.breaches
order by load_number desc, table_id, kind, column_id, file, line
