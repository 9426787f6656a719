-- One row per promise that was moved across a month end without cash between, the latest first.
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
        due_on,
        amount,
        cast(made_at as date) as made_on,
        lead(promise_id) over (partition by case_id order by made_at, promise_id) as next_promise_id,
        lead(due_on) over (partition by case_id order by made_at, promise_id) as next_due_on,
        cast(lead(made_at) over (partition by case_id order by made_at, promise_id) as date) as next_made_on,
        lead(collector_id) over (partition by case_id order by made_at, promise_id) as collector_id,
    from near
)

select
    following.collector_id,
    case when $names then collectors.name end as name,
    collectors.team,
    following.case_id,
    following.promise_id,
    following.next_promise_id,
    following.due_on,
    following.next_due_on,
    following.next_made_on,
    following.amount,
from following
inner join export.collectors as collectors on following.collector_id = collectors.collector_id
where following.next_due_on > following.due_on
    and following.next_made_on <= following.due_on + interval ($grace) day
    and following.due_on >= $start
    and following.due_on <= $until
    and date_trunc('month', following.due_on) < date_trunc('month', following.next_due_on)
    and ($teams is null or list_contains($teams, collectors.team))
    and not exists (
        select 1
        from export.payments as payments
        where payments.case_id = following.case_id
            and payments.kind = 'payment'
            and coalesce(payments.status, 'posted') = 'posted'
            and payments.paid_on >= following.made_on
            and payments.paid_on <= following.next_made_on
    )
order by following.due_on desc, following.promise_id
limit $limit
