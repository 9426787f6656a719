-- One row per collector: promises replaced by a later one of the same case (no cash between), how many of them crossed a month end, and how many
-- would by chance: a shift of d days crosses the end of a month of n days with chance d ÷ n, wherever in the month it starts.
with

near as (
    select *
    from export.promises
    where due_on >= $start - interval 62 day and due_on <= $until + interval 62 day
),

following as (
    select
        promise_id,
        case_id,
        collector_id,
        due_on,
        cast(made_at as date) as made_on,
        lead(due_on) over (partition by case_id order by made_at, promise_id) as next_due_on,
        cast(lead(made_at) over (partition by case_id order by made_at, promise_id) as date) as next_made_on,
        lead(collector_id) over (partition by case_id order by made_at, promise_id) as next_collector_id,
    from near
),

moved as (
    select
        following.*,
        least(date_diff('day', due_on, next_due_on) / day(last_day(due_on)), 1.0) as chance,
        (date_trunc('month', due_on) < date_trunc('month', next_due_on)) as is_crossing,
    from following
    where next_due_on > due_on
        and next_made_on <= due_on + interval ($grace) day
        and due_on >= $start
        and due_on <= $until
        and not exists (
            select 1
            from export.payments as payments
            where payments.case_id = following.case_id
                and payments.kind = 'payment'
                and coalesce(payments.status, 'posted') = 'posted'
                and payments.paid_on >= following.made_on
                and payments.paid_on <= following.next_made_on
        )
)

select
    moved.next_collector_id as collector_id,
    collectors.team,
    count(*) as moved_count,
    count(*) filter (moved.is_crossing) as crossing_count,
    sum(moved.chance) as expected_count,
    sum(moved.chance * (1 - moved.chance)) as variance,
from moved
inner join export.collectors as collectors on moved.next_collector_id = collectors.collector_id
where ($teams is null or list_contains($teams, collectors.team))
group by all
order by all
