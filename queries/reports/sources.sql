-- One row per table that carries events: from when to when, and how far it lags behind the as-of day.
select
    table_id,
    row_count,
    first_on,
    last_on,
    lag_days,
    is_regular,
    is_stale,
from model.sources
order by table_id
