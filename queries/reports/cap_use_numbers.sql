-- One row per rule asked for: how many numbers dialled came within one of its cap a day, to it, and above it, at their most in a period.
-- Filters choose numbers: those dialled for a case of a product, region or batch ($by_case), and with a contact of a team or in a bucket in the
-- period ($by_contact); all calls to them count. Numbers that came to fewer than $least in all days together are left out of what came near.
with

of_attributes as (
    select
        case_id,
    from model.cases
    where
        ($product is null or list_contains($product, product))
        and ($region is null or list_contains($region, region))
        and ($batch is null or list_contains($batch, batch))
),

of_contacts as (
    select
        cases.case_id,
    from model.touches as touches
    inner join model.cases as cases on touches.case_key = cases.case_key
    left join export.collectors as collectors on touches.collector_id = collectors.collector_id
    where
        touches.contacted_on >= $start and touches.contacted_on <= $until
        and ($bucket is null or list_contains($bucket, touches.bucket))
        and ($team is null or list_contains($team, coalesce(collectors.team, touches.collector_id)))
        and ($teams is null or list_contains($teams, coalesce(collectors.team, touches.collector_id)))
    group by cases.case_id
),

calls as (
    select
        number_id,
        cast(started_at as date) as day,
        case $counts
            when 'conversation' then is_conversation(outcome)
            when 'connected' then is_connected(channel, outcome)
            when 'unanswered' then not is_connected(channel, outcome)
            when 'call' then outcome not in ('busy', 'not_in_service', 'failed')
        end as counts,
        (
            true
            and ($by_case is null or case_id in (select case_id from of_attributes))
            and ($by_contact is null or case_id in (select case_id from of_contacts))
        ) as chosen,
    from export.contacts
    where
        direction = 'outbound' and is_dialled(channel) and number_id is not null
        and started_at >= $start and started_at < cast($until as date) + 1
),

numbers as materialized (
    select
        number_id,
        count(*) filter (where counts) as counted,
    from calls
    group by number_id
    having bool_or(chosen)
),

days as (
    select
        calls.number_id,
        count(*) filter (where calls.counts) as counted,
    from calls
    inner join numbers on calls.number_id = numbers.number_id
    where numbers.counted >= $least
    group by calls.number_id, calls.day
),

most as (
    select
        number_id,
        max(counted) as counted,
    from days
    group by number_id
)

select
    (select count(*) from numbers) as units,
    count(*) filter (where counted = $cap - 1) as near_cap,
    count(*) filter (where counted = $cap) as at_cap,
    count(*) filter (where counted > $cap) as above_cap,
    max(counted) as most,
from most
