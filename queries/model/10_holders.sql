-- One row per case and unbroken run of days with one collector; days with nobody have no row (they belong to the house).
create table model.holders as
with

ordered as (
    select
        case_id,
        collector_id,
        cast(assigned_at as date) as from_on,
        cast(released_at as date) as released_on,
        lead(cast(assigned_at as date)) over (partition by case_id order by assigned_at) as next_from_on,
    from export.assignments
),

spans as (
    select
        case_id,
        collector_id,
        from_on,
        least(
            coalesce(released_on, cast('9999-12-31' as date)),
            coalesce(cast(next_from_on - interval 1 day as date), cast('9999-12-31' as date))
        ) as until_on,
    from ordered
)

select
    spans.case_id,
    spans.collector_id,
    spans.from_on,
    spans.until_on,
    coalesce(collectors.team, '') as team,
    coalesce(collectors.agency, '') as agency,
from spans
left join export.collectors as collectors on spans.collector_id = collectors.collector_id
where spans.until_on >= spans.from_on
order by spans.case_id, spans.from_on
