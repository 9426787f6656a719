-- One row per posting with its value date in a period that is not within one calendar month; the bucket is the one its
-- case was in when the period began.
with

opening as (
    select
        period.period,
        positions.case_key,
        edges.bucket,
    from model.positions as positions
    inner join period
        on positions.known_on < period.start_on and positions.until_on >= period.start_on
    inner join model.bucket_edges as edges
        on period.start_on >= edges.valid_from and period.start_on < edges.valid_to
        and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) >= edges.low
        and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) <= edges.high
)

select
    period.period,
    cash.* replace (
        case
            when cash.case_key is null then ''
            when opening.bucket is not null then opening.bucket
            when cash.placed_on >= period.start_on then 'new'
            else 'left'
        end as bucket
    ),
from model.cash as cash
inner join period on cash.paid_on >= period.start_on and cash.paid_on <= period.until_on
left join opening on cash.case_key = opening.case_key and period.period = opening.period
