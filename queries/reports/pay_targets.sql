-- One row per scope and metric with a value for a month of pay.
select
    scope,
    metric,
    cast(value as decimal(18, 4)) as value,
from export.targets
where month = $start
order by scope, metric
