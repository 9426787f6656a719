-- One row per case and unbroken run of days with one collector in a period, no longer than the case stays: the days of it.
select
    period.period,
    cases.case_key,
    holders.collector_id,
    holders.team,
    holders.agency,
    greatest(holders.from_on, period.start_on) as held_from_on,
    date_diff(
        'day', greatest(holders.from_on, period.start_on),
        least(holders.until_on, period.until_on, coalesce(cases.left_on, period.until_on))
    ) + 1 as held_days,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from model.holders as holders
inner join period on holders.from_on <= period.until_on and holders.until_on >= period.start_on
inner join model.cases as cases on holders.case_id = cases.case_id
where cases.left_on is null or cases.left_on >= greatest(holders.from_on, period.start_on)
