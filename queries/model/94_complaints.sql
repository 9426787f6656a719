-- One row per complaint on the day of its incident (of receipt where none is given): against whom, else who held the case that day.
create table model.complaints as
with

dated as (
    select
        *,
        coalesce(incident_on, cast(received_at as date)) as fell_on,
    from export.complaints
),

against as (
    select
        dated.complaint_id,
        dated.fell_on,
        cast(dated.received_at as date) as received_on,
        dated.category,
        coalesce(dated.severity, '') as severity,
        coalesce(dated.channel, '') as channel,
        dated.upheld,
        case when cast(dated.resolved_at as date) <= as_of_day() then cast(dated.resolved_at as date) end as resolved_on,
        -- a verdict after the as-of day isn't known on it
        coalesce(cast(dated.resolved_at as date) <= as_of_day(), dated.upheld is not null) as is_decided,
        coalesce(dated.collector_id, holders.collector_id, 'house') as collector_id,
        cases.case_key,
        cases.product,
        cases.region,
        cases.batch,
        cases.placement_number,
        cases.strategy,
        cases.age_band,
        cases.placed_month,
        cases.placed_month_number,
        dated.source_line,
    from dated
    left join model.cases as cases on dated.case_id = cases.case_id
    left join model.holders as holders
        on dated.case_id = holders.case_id and dated.fell_on >= holders.from_on and dated.fell_on <= holders.until_on
)

select
    against.complaint_id,
    against.fell_on,
    against.received_on,
    against.category,
    against.severity,
    against.channel,
    against.upheld,
    against.resolved_on,
    date_diff('day', against.received_on, against.resolved_on) as close_days,
    against.is_decided,
    against.collector_id,
    case when against.collector_id = 'house' then 'house' else coalesce(staff.team, '') end as team,
    coalesce(staff.agency, '') as agency,
    coalesce(staff.site, '') as site,
    coalesce(staff.grade, '') as grade,
    against.case_key,
    case
        when against.case_key is null then ''
        when case_months.bucket is not null then case_months.bucket
        when month_number(against.fell_on) <= against.placed_month_number then 'new'
        else 'left'
    end as bucket,
    coalesce(against.product, '') as product,
    coalesce(against.region, '') as region,
    coalesce(against.batch, '') as batch,
    coalesce(against.placement_number, '') as placement_number,
    coalesce(against.strategy, '') as strategy,
    coalesce(against.age_band, '') as age_band,
    against.placed_month,
    against.source_line,
from against
left join model.staff as staff on against.collector_id = staff.collector_id
left join model.case_months as case_months
    on against.case_key = case_months.case_key and month_number(against.fell_on) = case_months.month_number
order by against.fell_on, against.complaint_id
