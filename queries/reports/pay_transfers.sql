-- One row per collector: cases taken over from somebody else, and payments on them in the first days after and in the days after those.
with

moved as (
    select
        case_id,
        collector_id,
        team,
        from_on,
        least(until_on, as_of_day()) as until_on,
        date_diff('day', from_on, least(until_on, as_of_day())) + 1 as held_days,
    from model.holders
    where previous_id != collector_id
        and date_diff('day', previous_until_on, from_on) <= 7
        and from_on >= $start
        and from_on <= $until
        and ($teams is null or list_contains($teams, team))
),

paid as (
    select
        moved.case_id,
        moved.from_on,
        count(*) filter (date_diff('day', moved.from_on, payments.paid_on) < $soon) as soon_count,
        count(*) filter (date_diff('day', moved.from_on, payments.paid_on) >= $soon) as later_count,
    from moved
    inner join export.payments as payments
        on moved.case_id = payments.case_id
            and payments.kind = 'payment'
            and coalesce(payments.status, 'posted') = 'posted'
            and payments.paid_on >= moved.from_on
            and payments.paid_on <= moved.until_on
            and payments.paid_on < moved.from_on + interval ($soon + $later) day
            -- which follows from the two, and spares the months before and after
            and payments.paid_on >= $start
            and payments.paid_on < $until + interval ($soon + $later) day
    group by all
)

select
    moved.collector_id,
    moved.team,
    count(*) as transfer_count,
    coalesce(sum(paid.soon_count), 0) as soon_count,
    coalesce(sum(paid.later_count), 0) as later_count,
    sum(least(moved.held_days, $soon)) as soon_days,
    sum(greatest(least(moved.held_days, $soon + $later) - $soon, 0)) as later_days,
from moved
left join paid on moved.case_id = paid.case_id and moved.from_on = paid.from_on
group by all
order by all
