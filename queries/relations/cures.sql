-- One row per case past due at the start of a complete month of a period, with what became of it.
select
    period.period,
    cures.case_key,
    cures.opening_amount,
    cures.bucket,
    cures.is_observed,
    cures.is_cured,
    cures.is_at_zero,
    cures.is_followed,
    cures.is_again,
    cures.team,
    cures.collector_id,
    cures.agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from model.cures as cures
inner join model.months as months on cures.month_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
inner join model.cases as cases on cures.case_key = cases.case_key
