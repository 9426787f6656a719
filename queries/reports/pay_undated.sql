-- One row per collector: complaints about them that were upheld, received by the end of a month of pay, without the day of the verdict.
select
    collector_id as id,
    count(*) as complaint_count,
from export.complaints
where upheld and collector_id is not null and resolved_at is null and received_at < cast($until as date) + 1
group by collector_id
order by collector_id
