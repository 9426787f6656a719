-- One row per reversal that names no payment, or takes back more than its payment brought.
with

reversals as (
    select
        payment_id,
        reverses,
        amount,
        source_file,
        source_line,
    from export.payments
    where kind = 'reversal' and is_posted(status)
),

-- not a window over them: DuckDB 2.0.0 turns that into a join of its own, and on some exports fails at it
taken_back as (
    select
        reverses,
        sum(amount) as all_amount,
    from reversals
    group by reverses
)

select
    case when payments.payment_id is null then 'reversal_without_payment' else 'reversed_more_than_paid' end as kind,
    'payments' as table_id,
    reversals.source_file,
    reversals.source_line,
    reversals.payment_id as key,
    coalesce(reversals.reverses, '') || ' / ' || cast(reversals.amount as varchar) as detail,
from reversals
left join taken_back on reversals.reverses = taken_back.reverses
left join export.payments as payments on reversals.reverses = payments.payment_id and payments.kind = 'payment'
where payments.payment_id is null or -taken_back.all_amount > payments.amount
