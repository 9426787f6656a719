-- One row per rule asked for: how many numbers dialled came within one of its cap a day, to it, and above it, at their most in a period.
-- Filters choose cases: those of a product, region or batch, and those with a contact of a team or in a bucket in the period.
with

chosen as (
    select
        cases.case_id,
    from model.touches as touches
    inner join model.cases as cases on touches.case_key = cases.case_key
    left join export.collectors as collectors on touches.collector_id = collectors.collector_id
    where
        $filtered and touches.contacted_on >= $start and touches.contacted_on <= $until
        and ($product is null or list_contains($product, cases.product))
        and ($bucket is null or list_contains($bucket, touches.bucket))
        and ($region is null or list_contains($region, cases.region))
        and ($team is null or list_contains($team, coalesce(collectors.team, touches.collector_id)))
        and ($batch is null or list_contains($batch, cases.batch))
        and ($teams is null or list_contains($teams, coalesce(collectors.team, touches.collector_id)))
    group by cases.case_id
),

days as (
    select
        number_id,
        cast(started_at as date) as day,
        count(*) filter (
            where case $counts
                when 'conversation' then is_conversation(outcome)
                when 'connected' then is_connected(channel, outcome)
                when 'unanswered' then not is_connected(channel, outcome)
                when 'call' then outcome not in ('busy', 'not_in_service', 'failed')
            end
        ) as counted,
    from export.contacts
    where
        direction = 'outbound' and is_dialled(channel) and number_id is not null
        and started_at >= $start and started_at < cast($until as date) + 1
        and (not $filtered or case_id in (select case_id from chosen))
    group by number_id, cast(started_at as date)
),

most as (
    select
        number_id,
        max(counted) as counted,
    from days
    group by number_id
)

select
    count(*) as units,
    count(*) filter (where counted = $cap - 1) as near_cap,
    count(*) filter (where counted = $cap) as at_cap,
    count(*) filter (where counted > $cap) as above_cap,
    max(counted) as most,
from most
