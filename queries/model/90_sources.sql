-- One row per table that carries events: its days, how far it lags behind the export, and how often it usually speaks.
create table model.sources as
select
    table_id,
    row_count,
    first_on,
    last_on,
    recent_days,
    longest_gap,
    date_diff('day', last_on, as_of_day()) as lag_days,
    -- weekly or more often over its last quarter
    (recent_days >= 12) as is_regular,
    (
        recent_days >= 12
        and date_diff('day', last_on, as_of_day()) > stale_after_days()
        and date_diff('day', last_on, as_of_day()) > coalesce(longest_gap, 0)
    ) as is_stale,
from model.source_days
