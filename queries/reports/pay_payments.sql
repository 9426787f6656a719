-- One row per posting that may count in a month of pay: its value date is in it, or it was posted too late for an earlier month.
-- Cash only. Days are ordinals (1 = 0001-01-01), amounts whole cents; the holders are those at the value date (a reversal: at its payment's).
with

chosen as (
    select
        cash.*,
        own.collector_id as own,
        own.reverses,
        case
            when original.kind = 'payment' then original.paid_on
            when own.kind = 'payment' then cash.paid_on
        end as origin_on,
    from model.cash as cash
    inner join export.payments as own on cash.payment_id = own.payment_id
    left join export.payments as original on own.kind = 'reversal' and own.reverses = original.payment_id
    where cash.net_amount != 0
        and (
            cash.paid_on between $start and $until
            or (cash.paid_on < $start and own.posted_on > $late_from and own.posted_on <= $late_until)
        )
),

-- who held the case before the one who holds it now
spans as (
    select
        case_id,
        collector_id,
        from_on,
        until_on,
        lag(collector_id) over (partition by case_id order by from_on) as previous,
        lag(until_on) over (partition by case_id order by from_on) as previous_until_on,
    from model.holders
    where case_id in (select cases.case_id from chosen inner join model.cases as cases on chosen.case_key = cases.case_key)
)

select
    chosen.payment_id,
    coalesce(cases.case_id, '') as case_id,
    cast(chosen.net_amount * 100 as bigint) as cents,
    date_diff('day', date '0001-01-01', chosen.paid_on) + 1 as paid_day,
    coalesce(date_diff('day', date '0001-01-01', chosen.posted_on) + 1, 0) as posted_day,
    coalesce(date_diff('day', date '0001-01-01', chosen.origin_on) + 1, 0) as origin_day,
    chosen.team,
    chosen.collector_id as holder,
    case when spans.previous_until_on >= spans.from_on - 1 and spans.previous != spans.collector_id then spans.previous else '' end as previous,
    case
        when spans.previous_until_on >= spans.from_on - 1 then date_diff('day', date '0001-01-01', spans.from_on) + 1
        else 0
    end as moved_day,
    coalesce(chosen.own, '') as own,
    case when chosen.bucket = 'new' then coalesce(cases.bucket, '') else chosen.bucket end as bucket,
    chosen.product,
    chosen.method,
    chosen.placement_number as placement,
    coalesce(chosen.reverses, '') as reverses,
from chosen
left join model.cases as cases on chosen.case_key = cases.case_key
left join spans
    on cases.case_id = spans.case_id and chosen.origin_on >= spans.from_on and chosen.origin_on <= spans.until_on
order by chosen.payment_id
