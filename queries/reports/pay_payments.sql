-- One row per posting that may count in a month of pay: its value date is in it, or it was posted too late for an earlier month.
-- By payment, as model.cash is, but for what was posted late. Cash only. Days are ordinals (1 = 0001-01-01), amounts whole cents; the holders are those at the value date (a reversal: at its payment's).
with

chosen as (
    select *
    from model.cash
    where net_amount != 0 and paid_on >= $start and paid_on <= $until
    union all
    select *
    from model.cash
    where net_amount != 0 and paid_on < $start and posted_on > $late_from and posted_on <= $late_until
),

-- whom the case came from, without a day between; of a reversal whose payment isn't known nobody can say
came as (
    select
        *,
        (touched_until_on is not null and previous_until_on >= held_from_on - 1) as is_followed,
    from chosen
),

-- of cases placed in the month there is no bucket that opens it: the one they were placed with
young as (
    select
        case_key,
        bucket,
    from model.cases
    where case_key in (select chosen.case_key from chosen where chosen.bucket = 'new')
)

select
    came.payment_id,
    cast(came.net_amount * 100 as bigint) as cents,
    date_diff('day', date '0001-01-01', came.paid_on) + 1 as paid_day,
    coalesce(date_diff('day', date '0001-01-01', came.posted_on) + 1, 0) as posted_day,
    coalesce(date_diff('day', date '0001-01-01', came.touched_until_on) + 1, 0) as origin_day,
    came.team,
    came.collector_id as holder,
    case when came.is_followed and came.previous_id != came.collector_id then came.previous_id else '' end as previous,
    case when came.is_followed then date_diff('day', date '0001-01-01', came.held_from_on) + 1 else 0 end as moved_day,
    coalesce(came.own_id, '') as own,
    case when came.bucket = 'new' then coalesce(young.bucket, '') else came.bucket end as bucket,
    came.product,
    came.method,
    came.placement_number as placement,
    coalesce(came.reverses, '') as reverses,
from came
left join young on came.case_key = young.case_key
