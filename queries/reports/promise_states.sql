-- One row per month of due dates: promises by what became of them under a grace and a tolerance that are asked for.
with

judged as (
    select
        cast(date_trunc('month', cash.due_on) as date) as month,
        case
            when cash.replaced_on is not null and cash.paid_amount < cash.amount * $tolerance::decimal(4, 2) then 'renegotiated'
            when cash.due_on + cash.grace_days > as_of_day() then 'undue'
            when cash.paid_amount >= cash.amount * $tolerance::decimal(4, 2) then 'kept'
            when cash.paid_amount > 0 then 'partly'
            else 'broken'
        end as promise_state,
    from model.promise_cash as cash
    inner join model.promises as promises on cash.promise_id = promises.promise_id
    where
        cash.grace_days = $grace and cash.due_on >= $start and cash.due_on <= $until
        and ($product is null or list_contains($product, promises.product))
        and ($bucket is null or list_contains($bucket, promises.due_bucket))
        and ($region is null or list_contains($region, promises.region))
        and ($team is null or list_contains($team, promises.team))
        and ($batch is null or list_contains($batch, promises.batch))
        and ($teams is null or list_contains($teams, promises.team))
)

select
    month,
    count(*) filter (where promise_state = 'kept') as kept,
    count(*) filter (where promise_state = 'partly') as partly,
    count(*) filter (where promise_state = 'broken') as broken,
    count(*) filter (where promise_state = 'renegotiated') as renegotiated,
    count(*) filter (where promise_state = 'undue') as undue,
from judged
group by all
order by all
