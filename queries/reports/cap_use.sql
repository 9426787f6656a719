-- One row per rule asked for: how many debtors, numbers or cases came within one of its cap, to it, and above it, at their most in a period.
with

attempts as (
    select
        case $unit
            when 'debtor' then coalesce(cases.customer_id, contacts.case_id)
            when 'number' then contacts.number_id
            when 'case' then contacts.case_id
        end as unit,
        date_diff('day', date '2000-01-01', cast(contacts.started_at as date)) as day,
        case $counts
            when 'conversation' then is_conversation(contacts.outcome)
            when 'connected' then is_connected(contacts.channel, contacts.outcome)
            when 'unanswered' then not is_connected(contacts.channel, contacts.outcome)
            when 'call' then contacts.outcome not in ('busy', 'not_in_service', 'failed')
        end as counts,
    from export.contacts as contacts
    left join model.cases as details on contacts.case_id = details.case_id
    left join export.cases as cases on contacts.case_id = cases.case_id
    left join model.holders as holders
        on contacts.case_id = holders.case_id
        and cast(contacts.started_at as date) >= holders.from_on and cast(contacts.started_at as date) <= holders.until_on
    left join model.case_months as months
        on details.case_key = months.case_key and month_number(cast(contacts.started_at as date)) = months.month_number
    where
        contacts.direction = 'outbound' and is_dialled(contacts.channel)
        and contacts.started_at >= $start - cast($days - 1 as integer) and contacts.started_at < cast($until as date) + 1
        and ($product is null or list_contains($product, details.product))
        and ($bucket is null or list_contains($bucket, months.bucket))
        and ($region is null or list_contains($region, details.region))
        and ($team is null or list_contains($team, coalesce(holders.team, 'house')))
        and ($batch is null or list_contains($batch, details.batch))
        and ($teams is null or list_contains($teams, coalesce(holders.team, 'house')))
),

days as (
    select
        unit,
        day,
        count(*) filter (where counts) as counted,
    from attempts
    where unit is not null
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
