-- One row per posting that may count in a month of pay: its value date is in it, or it was posted too late for an earlier month.
-- By payment, but for what was posted late. Cash only. Days are ordinals (1 = 0001-01-01, 0 = none), amounts whole cents, what postings
-- are told apart by the numbers of model.pay_levels.
with

chosen as (
    select *
    from model.pay_postings
    where paid_on >= $start and paid_on <= $until
    union all
    select *
    from model.pay_postings
    where paid_on < $start and posted_on > $late_from and posted_on <= $late_until
)

select
    payment_id,
    cents,
    cast(paid_on - date '0001-01-01' + 1 as integer) as paid_day,
    cast(coalesce(posted_on - date '0001-01-01' + 1, 0) as integer) as posted_day,
    cast(coalesce(origin_on - date '0001-01-01' + 1, 0) as integer) as origin_day,
    cast(coalesce(moved_on - date '0001-01-01' + 1, 0) as integer) as moved_day,
    team_number,
    holder_number,
    previous_number,
    own_number,
    bucket_number,
    product_number,
    method_number,
    placement_number,
    reverses,
from chosen
