-- One row per case (or group) past due at the start of a complete month of a period, with what became of it.
-- Where no balances are known of a month, or of the next, only those paid in full would be in it.
select
    period.period,
    cures.* replace (cures.is_observed and later.is_seen as is_observed),
from rolled.cures as cures
inner join model.months as months on cures.month_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
left join model.months as later on months.month_number + 1 = later.month_number
where months.is_seen
