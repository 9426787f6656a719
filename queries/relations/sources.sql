-- One row per table that carries events, the same for every period.
select
    period.period,
    sources.table_id,
    sources.lag_days,
    sources.is_regular,
from model.sources as sources
cross join period
