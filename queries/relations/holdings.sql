-- One row per case and unbroken run of days with one collector in a period, no longer than the case stays: the days of it.
select
    period.period,
    holdings.case_key,
    holdings.collector_id,
    holdings.team,
    holdings.agency,
    greatest(holdings.from_on, period.start_on) as held_from_on,
    date_diff('day', greatest(holdings.from_on, period.start_on), least(holdings.until_on, period.until_on)) + 1 as held_days,
    holdings.product,
    holdings.region,
    holdings.batch,
    holdings.placement_number,
    holdings.strategy,
    holdings.age_band,
    holdings.placed_month,
from model.holdings as holdings
inner join period on holdings.from_on <= period.until_on and holdings.until_on >= period.start_on
