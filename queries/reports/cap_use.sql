-- One row per rule asked for: how many debtors or cases came within one of its cap, to it, and above it, at their most in a period.
with

kinds as (
    select
        kind,
        case $counts
            when 'conversation' then is_conversation(outcome)
            when 'connected' then connected_count = 1
            when 'unanswered' then connected_count = 0
            when 'call' then outcome not in ('busy', 'not_in_service', 'failed')
        end as counts,
    from model.contact_kinds
    where dialled_count = 1
),

-- the house stands for itself
teams as (
    select
        collector_id,
        coalesce(team, collector_id) as team,
    from export.collectors
    union all
    select
        'house' as collector_id,
        'house' as team,
),

days as materialized (
    select
        coalesce(case when $unit = 'debtor' then customers.customer_key end, touches.case_key) as unit,
        touches.contacted_on as day,
        count(*) filter (where kinds.counts) as counted,
    from model.touches as touches
    inner join kinds on touches.kind = kinds.kind
    left join model.customer_cases as customers on touches.case_key = customers.case_key
    where
        touches.contacted_on >= $start - cast($days - 1 as integer) and touches.contacted_on <= $until and touches.case_key is not null
        and ($product is null or touches.case_key in (select case_key from model.cases where list_contains($product, product)))
        and ($bucket is null or list_contains($bucket, touches.bucket))
        and ($region is null or touches.case_key in (select case_key from model.cases where list_contains($region, region)))
        and ($team is null or touches.collector_id in (select collector_id from teams where list_contains($team, team)))
        and ($batch is null or touches.case_key in (select case_key from model.cases where list_contains($batch, batch)))
        and ($teams is null or touches.collector_id in (select collector_id from teams where list_contains($teams, team)))
    group by unit, day
),

units as materialized (
    select
        unit,
        sum(counted) as counted,
        max(day) >= $start as is_in,
    from days
    group by unit
),

-- the most that a unit came to is no more than all it came to, and no less than the most on one day: who can matter is found by that
least_most as (
    select
        least($cap - 1, coalesce(max(counted), 0)) as counted,
    from days
    where day >= $start
),

followed as (
    select
        days.*,
        date_diff('day', $start, days.day) as day_number,
        cast($days - 1 as integer) as days_before,
    from days
    inner join units on days.unit = units.unit
    cross join least_most
    where units.counted >= least_most.counted and units.is_in
),

rolling as (
    select
        unit,
        day,
        sum(counted) over (partition by unit order by day_number range between days_before preceding and current row) as counted,
    from followed
),

most as (
    select
        unit,
        max(counted) as counted,
    from rolling
    where day >= $start
    group by unit
)

select
    (select count(*) from units where is_in) as units,
    count(*) filter (where counted = $cap - 1) as near_cap,
    count(*) filter (where counted = $cap) as at_cap,
    count(*) filter (where counted > $cap) as above_cap,
    max(counted) as most,
from most
