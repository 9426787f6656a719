-- One row per collector: cases taken over from somebody else, and payments on them in the first days after and in the days after those.
with

moved as (
    select
        case_key,
        collector_id,
        team,
        moved_on,
        least(held_until_on, as_of_day()) as held_until_on,
        date_diff('day', moved_on, least(held_until_on, as_of_day())) + 1 as held_days,
    from model.handovers
    where handed = 'in' and gap_days <= 7 and moved_on >= $start and moved_on <= $until
        and ($teams is null or list_contains($teams, team))
),

paid as (
    select
        moved.case_key,
        moved.moved_on,
        count(*) filter (date_diff('day', moved.moved_on, cash.paid_on) < $soon) as soon_count,
        count(*) filter (date_diff('day', moved.moved_on, cash.paid_on) >= $soon) as later_count,
    from moved
    inner join model.cash as cash
        on moved.case_key = cash.case_key
            and cash.posted_count = 1
            and cash.paid_on >= moved.moved_on
            and cash.paid_on <= moved.held_until_on
            and cash.paid_on < moved.moved_on + interval ($soon + $later) day
            -- which follows from the two, and spares the months before and after
            and cash.paid_on >= $start
            and cash.paid_on < $until + interval ($soon + $later) day
    group by all
)

select
    moved.collector_id,
    moved.team,
    count(*) as transfer_count,
    cast(coalesce(sum(paid.soon_count), 0) as bigint) as soon_count,
    cast(coalesce(sum(paid.later_count), 0) as bigint) as later_count,
    cast(sum(least(moved.held_days, $soon)) as bigint) as soon_days,
    cast(sum(greatest(least(moved.held_days, $soon + $later) - $soon, 0)) as bigint) as later_days,
from moved
left join paid on moved.case_key = paid.case_key and moved.moved_on = paid.moved_on
group by all
order by all
