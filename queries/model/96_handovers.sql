-- One row per case that went from one collector to another, and side: `out` of one's hands, `in` to the other's, with the balance it had.
-- gap_days: how long after the former's last day (1 is the day after it); held_until_on: how long the other then held it.
create table model.handovers as
with

moved as (
    select
        *,
        date_diff('day', previous_until_on, from_on) as gap_days,
    from model.holders
    where previous_id is not null and previous_id != collector_id and from_on <= as_of_day()
),

sides as (
    select
        'out' as handed,
        moved.case_id,
        moved.from_on as moved_on,
        moved.previous_id as collector_id,
        coalesce(collectors.team, '') as team,
        coalesce(collectors.agency, '') as agency,
        moved.collector_id as other_id,
        moved.gap_days,
        moved.until_on as held_until_on,
    from moved
    left join export.collectors as collectors on moved.previous_id = collectors.collector_id
    union all
    select
        'in' as handed,
        case_id,
        from_on as moved_on,
        collector_id,
        team,
        agency,
        previous_id as other_id,
        gap_days,
        until_on as held_until_on,
    from moved
)

select
    sides.handed,
    sides.moved_on,
    cases.case_key,
    sides.collector_id,
    sides.team,
    sides.agency,
    sides.other_id,
    sides.gap_days,
    sides.held_until_on,
    cast(coalesce(positions.amount, 0) as decimal(18, 2)) as moved_amount,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from sides
inner join model.cases as cases on sides.case_id = cases.case_id
left join model.positions as positions
    on cases.case_key = positions.case_key and sides.moved_on > positions.known_on and sides.moved_on <= positions.until_on
order by sides.moved_on, cases.case_key, sides.handed
