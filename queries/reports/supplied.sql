-- One row per contract column that was supplied.
select
    table_id,
    column_id,
from meta.supplied
order by table_id, column_id
