-- One row per export that ends inside a month (none if it ends with one).
select
    'partial_last_month' as kind,
    cast(null as varchar) as table_id,
    cast(null as integer) as source_file,
    cast(null as bigint) as source_line,
    cast(null as varchar) as key,
    cast(as_of_day() as varchar) as detail,
from (select 1) as once
where month(as_of_day() + interval 1 day) = month(as_of_day())
