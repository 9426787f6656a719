-- One row per case and unbroken run of days with one collector; days with nobody have no row (they belong to the house). previous_: the run
-- before it on the case, whether or not there were days with nobody between.
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
),

followed as (
    select
        *,
        lag(collector_id) over (partition by case_id order by from_on) as previous_id,
        lag(until_on) over (partition by case_id order by from_on) as previous_until_on,
    from spans
    where until_on >= from_on
)

select
    followed.case_id,
    followed.collector_id,
    followed.from_on,
    followed.until_on,
    coalesce(collectors.team, '') as team,
    coalesce(collectors.agency, '') as agency,
    followed.previous_id,
    followed.previous_until_on,
from followed
left join export.collectors as collectors on followed.collector_id = collectors.collector_id
order by followed.case_id, followed.from_on
