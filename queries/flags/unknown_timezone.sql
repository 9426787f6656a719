-- One row per customer whose time zone is in no list of zones.
select
    'unknown_timezone' as kind,
    'customers' as table_id,
    customers.source_file,
    customers.source_line,
    customers.customer_id as key,
    customers.timezone as detail,
from export.customers as customers
where customers.timezone is not null and customers.timezone not in (select name from pg_timezone_names())
