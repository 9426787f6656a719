-- One row per collector: cases taken over from somebody else, and payments on them in the first days after and in the days after those.
with

moved as (
    select
        collector_id,
        team,
        date_diff('day', moved_on, least(held_until_on, as_of_day())) + 1 as held_days,
    from model.handovers
    where handed = 'in' and gap_days <= 7 and moved_on >= $start and moved_on <= $until
        and ($teams is null or list_contains($teams, team))
),

held as (
    select
        collector_id,
        team,
        count(*) as transfer_count,
        sum(least(held_days, $soon)) as soon_days,
        sum(greatest(least(held_days, $soon + $later) - $soon, 0)) as later_days,
    from moved
    group by all
),

-- a posting names its holder, since when, and who held the case before
paid as (
    select
        collector_id,
        team,
        count(case when date_diff('day', held_from_on, paid_on) < $soon then 1 end) as soon_count,
        count(case when date_diff('day', held_from_on, paid_on) >= $soon then 1 end) as later_count,
    from model.cash
    where posted_count = 1 and case_key is not null and paid_on <= as_of_day()
        and previous_id != collector_id and date_diff('day', previous_until_on, held_from_on) <= 7
        and held_from_on >= $start and held_from_on <= $until
        and date_diff('day', held_from_on, paid_on) < $soon + $later
        -- which follows, and spares the months before and after
        and paid_on >= $start and paid_on < $until + interval ($soon + $later) day
    group by all
)

select
    held.collector_id,
    held.team,
    held.transfer_count,
    coalesce(paid.soon_count, 0) as soon_count,
    coalesce(paid.later_count, 0) as later_count,
    cast(held.soon_days as bigint) as soon_days,
    cast(held.later_days as bigint) as later_days,
from held
left join paid on held.collector_id = paid.collector_id and held.team = paid.team
order by held.collector_id, held.team
