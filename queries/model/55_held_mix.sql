-- One row per month, collector holding cases past due at its start, and kind of case: how many, how many paid within the month, and what.
-- `kind` packs what is known of a case before the month begins, never anything the collector does (dashboard/collectors/cells.py unpacks it).
create table model.held_mix as
with

paid as (
    select
        cases.case_key,
        month_number(payments.paid_on) as month_number,
        sum(net_of(payments.kind, payments.status, payments.amount)) as net_amount,
    from export.payments as payments
    inner join model.cases as cases on payments.case_id = cases.case_id
    group by cases.case_key, month_number(payments.paid_on)
),

first_paid as (
    select
        case_key,
        min(month_number) as month_number,
    from paid
    where net_amount > 0
    group by case_key
),

ranked as (
    select
        paid.net_amount,
        ntile(100) over (order by paid.net_amount) as hundredth,
    from paid
    inner join model.months as months on paid.month_number = months.month_number
    where paid.net_amount > 0 and months.is_complete
),

-- of a case's cash in a month no more counts than all but the largest hundredth of paying case-months bring (of months that have ended)
cap as (
    select
        coalesce(min(case when hundredth = 100 then net_amount end), max(net_amount), 0) as amount,
    from ranked
),

scored as (
    select
        customer_id,
        ntile(8) over (order by credit_score, customer_id) as score,
    from export.customers
    where credit_score is not null
),

described as (
    select
        held.month,
        held.month_number,
        held.collector_id,
        held.case_count,
        held.paid_count,
        held.month_net_amount as net_amount,
        least(greatest(held.month_net_amount, 0), cap.amount) as capped_amount,
        held.bucket_rank as bucket,
        case
            when held.month_number - cases.placed_month_number <= 3 then greatest(held.month_number - cases.placed_month_number, 0)
            when held.month_number - cases.placed_month_number <= 5 then 4
            when held.month_number - cases.placed_month_number <= 11 then 5
            else 6
        end as vintage,
        case
            when coalesce(before.net_amount, 0) > 0 then 1
            when first_paid.month_number < held.month_number - 1 then 2
            else 0
        end as prior,
        coalesce(scored.score, 0) as score,
        least(cast(floor(ln(greatest(cast(held.opening_amount as double), 1)) * 1.4426950408889634) as integer), 31) as balance,
        held.placement_number,
        held.product,
        held.region,
    from model.case_months as held
    inner join model.cases as cases on held.case_key = cases.case_key
    cross join cap
    left join paid as before on held.case_key = before.case_key and held.month_number - 1 = before.month_number
    left join first_paid on held.case_key = first_paid.case_key
    left join scored on cases.customer_id = scored.customer_id
    where held.is_complete and not held.is_closing and held.collector_id != 'house' and held.bucket_rank >= 1
),

packed as (
    select
        described.month,
        described.month_number,
        holders.number as collector_no,
        described.bucket + 32 * (
            described.vintage + 8 * (
                described.prior + 4 * (
                    described.score + 16 * (
                        described.balance + 32 * (
                            least(placements.number, 63) + 64 * (least(products.number, 63) + 64 * cast(regions.number as bigint))
                        )
                    )
                )
            )
        ) as kind,
        described.case_count,
        described.paid_count,
        described.net_amount,
        described.capped_amount,
    from described
    inner join model.mix_levels as holders on holders.dimension = 'collector' and described.collector_id = holders.value
    inner join model.mix_levels as placements
        on placements.dimension = 'placement_number' and described.placement_number = placements.value
    inner join model.mix_levels as products on products.dimension = 'product' and described.product = products.value
    inner join model.mix_levels as regions on regions.dimension = 'region' and described.region = regions.value
)

select
    month,
    month_number,
    collector_no,
    kind,
    cast(sum(case_count) as integer) as case_count,
    cast(sum(paid_count) as integer) as paid_count,
    cast(sum(net_amount) as decimal(18, 2)) as net_amount,
    cast(sum(capped_amount) as decimal(18, 2)) as capped_amount,
    cast(sum(capped_amount * capped_amount) as decimal(38, 4)) as capped_square,
from packed
group by month, month_number, collector_no, kind
order by month_number, collector_no, kind
