-- One row per complaint about a collector that was upheld and falls in a month of pay by the day a plan goes by.
select
    complaint_id as id,
    collector_id as collector,
    coalesce(category, '') as category,
    coalesce(severity, '') as severity,
    coalesce(channel, '') as channel,
from export.complaints
where upheld
    and collector_id is not null
    and cast(
        case $day
            when 'resolved_at' then resolved_at
            when 'received_at' then received_at
            else coalesce(incident_on, received_at)
        end as date
    ) between $start and $until
order by complaint_id
