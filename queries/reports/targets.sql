-- One row per month and metric with a target for a scope (all, team:…, collector:…).
select
    month,
    metric,
    value,
from export.targets
where scope = $scope
order by month, metric
