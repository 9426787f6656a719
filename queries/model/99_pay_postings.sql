-- One row per posting that is cash, as pay reads it: amounts as whole cents, what it is told apart by as numbers (model.pay_levels), the
-- holders at its value date (a reversal: at its payment's). By month and payment, as model.cash is. A reversal is told apart by what its
-- payment is told apart by, so that it takes back what that had earned and from whom.
create table model.pay_postings as
with

taken_back as (
    select
        reversals.posting_key,
        payments.own_id,
        payments.method,
        payments.bucket,
    from model.cash as reversals
    inner join model.cash as payments on reversals.reverses = payments.payment_id
    where reversals.kind = 'reversal' and payments.kind = 'payment'
),

-- whom the case came from, without a day between; of a reversal whose payment isn't known nobody can say
came as (
    select
        *,
        (touched_until_on is not null and previous_until_on >= held_from_on - 1) as is_followed,
    from model.cash
    where net_amount != 0
),

described as (
    select
        came.*,
        case when came.is_followed and came.previous_id != came.collector_id then came.previous_id else '' end as came_from_id,
        case when taken_back.posting_key is null then came.own_id else taken_back.own_id end as credited_id,
        coalesce(taken_back.method, came.method) as paid_method,
        -- of cases placed in the month there is no bucket that opens it: the one they were placed with
        case
            when coalesce(taken_back.bucket, came.bucket) = 'new' then coalesce(cases.bucket, '') else coalesce(taken_back.bucket, came.bucket)
        end as paid_bucket,
    from came
    left join model.cases as cases on came.case_key = cases.case_key
    left join taken_back on came.posting_key = taken_back.posting_key
)

select
    described.case_key,
    described.payment_id,
    described.paid_on,
    described.posted_on,
    described.touched_until_on as origin_on,
    case when described.is_followed then described.held_from_on end as moved_on,
    in_cents(described.net_amount) as cents,
    described.reverses,
    teams.number as team_number,
    holders.number as holder_number,
    previous.number as previous_number,
    own.number as own_number,
    buckets.number as bucket_number,
    products.number as product_number,
    methods.number as method_number,
    placements.number as placement_number,
from described
inner join model.pay_levels as teams on teams.dimension = 'team' and described.team = teams.value
inner join model.pay_levels as holders on holders.dimension = 'collector' and described.collector_id = holders.value
inner join model.pay_levels as previous on previous.dimension = 'collector' and described.came_from_id = previous.value
inner join model.pay_levels as own on own.dimension = 'collector' and coalesce(described.credited_id, '') = own.value
inner join model.pay_levels as buckets on buckets.dimension = 'bucket' and described.paid_bucket = buckets.value
inner join model.pay_levels as products on products.dimension = 'product' and described.product = products.value
inner join model.pay_levels as methods on methods.dimension = 'method' and described.paid_method = methods.value
inner join model.pay_levels as placements on placements.dimension = 'placement' and described.placement_number = placements.value
order by described.month_number, described.payment_id
