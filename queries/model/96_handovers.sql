-- One row per case that went from one collector to another, and side: `out` of one's hands, `in` to the other's, with the balance it had: the last
-- known, else placed less net cash.
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
),

known as (
    select
        sides.*,
        cases.case_key,
        positions.amount,
        positions.from_balances,
    from sides
    inner join model.cases as cases on sides.case_id = cases.case_id
    left join model.positions as positions
        on cases.case_key = positions.case_key and sides.moved_on > positions.known_on and sides.moved_on <= positions.until_on
),

-- only a case with no balances row needs its cash taken off what was placed
paid_before as (
    select
        known.case_key,
        known.moved_on,
        sum(cash.net_amount) as net_amount,
    from (select case_key, moved_on from known where from_balances = 0 group by case_key, moved_on) as known
    inner join model.cash as cash on known.case_key = cash.case_key and cash.paid_on < known.moved_on
    group by known.case_key, known.moved_on
)

select
    known.handed,
    known.moved_on,
    known.case_key,
    known.collector_id,
    known.team,
    known.agency,
    known.other_id,
    known.gap_days,
    known.held_until_on,
    cast(
        case
            when known.from_balances = 0 then greatest(known.amount - coalesce(paid_before.net_amount, 0), 0)
            else coalesce(known.amount, 0)
        end as decimal(18, 2)
    ) as moved_amount,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from known
inner join model.cases as cases on known.case_key = cases.case_key
left join paid_before on known.case_key = paid_before.case_key and known.moved_on = paid_before.moved_on
order by known.moved_on, known.case_key, known.handed
