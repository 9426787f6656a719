-- One row per month of due dates: promises by what became of them under a grace and a tolerance that are asked for.
with

judged as (
    select
        cast(date_trunc('month', due_on) as date) as month,
        case
            when is_replaced and paid_hundredths < $tolerance::decimal(4, 2) * 100 then 'renegotiated'
            when is_undue then 'undue'
            when paid_hundredths >= $tolerance::decimal(4, 2) * 100 then 'kept'
            when is_paid then 'partly'
            else 'broken'
        end as promise_state,
        promise_count,
    from rolled.promise_cash
    where
        grace_days = $grace and due_on >= $start and due_on <= $until
        and ($product is null or list_contains($product, product))
        and ($bucket is null or promise_id in (select promises.promise_id from model.promises as promises where list_contains($bucket, due_bucket)))
        and ($region is null or promise_id in (select promises.promise_id from model.promises as promises where list_contains($region, region)))
        and ($team is null or promise_id in (select promises.promise_id from model.promises as promises where list_contains($team, team)))
        and ($batch is null or promise_id in (select promises.promise_id from model.promises as promises where list_contains($batch, batch)))
        and ($teams is null or promise_id in (select promises.promise_id from model.promises as promises where list_contains($teams, team)))
)

select
    month,
    coalesce(sum(promise_count) filter (where promise_state = 'kept'), 0)::bigint as kept,
    coalesce(sum(promise_count) filter (where promise_state = 'partly'), 0)::bigint as partly,
    coalesce(sum(promise_count) filter (where promise_state = 'broken'), 0)::bigint as broken,
    coalesce(sum(promise_count) filter (where promise_state = 'renegotiated'), 0)::bigint as renegotiated,
    coalesce(sum(promise_count) filter (where promise_state = 'undue'), 0)::bigint as undue,
from judged
group by all
order by all
