-- One row per rule asked for: how many debtors or cases came within one of its cap, to it, and above it, at their most in a period.
with

attempts as (
    select
        case when $unit = 'debtor' and cases.customer_id != '' then cases.customer_id else cast(touches.case_key as varchar) end as unit,
        date_diff('day', date '2000-01-01', touches.contacted_on) as day,
        case $counts
            when 'conversation' then is_conversation(kinds.outcome)
            when 'connected' then kinds.connected_count = 1
            when 'unanswered' then kinds.connected_count = 0
            when 'call' then kinds.outcome not in ('busy', 'not_in_service', 'failed')
        end as counts,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    inner join model.cases as cases on touches.case_key = cases.case_key
    left join export.collectors as collectors on touches.collector_id = collectors.collector_id
    where
        kinds.dialled_count = 1
        and touches.contacted_on >= $start - cast($days - 1 as integer) and touches.contacted_on <= $until
        and ($product is null or list_contains($product, cases.product))
        and ($bucket is null or list_contains($bucket, touches.bucket))
        and ($region is null or list_contains($region, cases.region))
        and ($team is null or list_contains($team, coalesce(collectors.team, touches.collector_id)))
        and ($batch is null or list_contains($batch, cases.batch))
        and ($teams is null or list_contains($teams, coalesce(collectors.team, touches.collector_id)))
),

days as (
    select
        unit,
        day,
        count(*) filter (where counts) as counted,
    from attempts
    group by unit, day
),

rolling as (
    select
        unit,
        day,
        case
            when $days = 1 then counted
            else sum(counted) over (partition by unit order by day range between 6 preceding and current row)
        end as counted,
    from days
),

most as (
    select
        unit,
        max(counted) as counted,
    from rolling
    where day >= date_diff('day', date '2000-01-01', $start)
    group by unit
)

select
    count(*) as units,
    count(*) filter (where counted = $cap - 1) as near_cap,
    count(*) filter (where counted = $cap) as at_cap,
    count(*) filter (where counted > $cap) as above_cap,
    max(counted) as most,
from most
