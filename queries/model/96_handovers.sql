-- One row per case that went from one collector to another, and side: `out` of one's hands, `in` to the other's, with the balance it had.
create table model.handovers as
with

followed as (
    select
        case_id,
        collector_id,
        team,
        agency,
        from_on,
        lead(collector_id) over (partition by case_id order by from_on) as to_collector_id,
        lead(team) over (partition by case_id order by from_on) as to_team,
        lead(agency) over (partition by case_id order by from_on) as to_agency,
        lead(from_on) over (partition by case_id order by from_on) as moved_on,
    from model.holders
),

moved as (
    select
        *,
    from followed
    where to_collector_id is not null and to_collector_id != collector_id and moved_on <= as_of_day()
),

sides as (
    select
        'out' as handed,
        case_id,
        moved_on,
        collector_id,
        team,
        agency,
        to_collector_id as other_id,
    from moved
    union all
    select
        'in' as handed,
        case_id,
        moved_on,
        to_collector_id as collector_id,
        to_team as team,
        to_agency as agency,
        collector_id as other_id,
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
