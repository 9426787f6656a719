-- One row per placement month in a period (and attributes) and month since placement that has been observed to its end.
select
    period.period,
    cohort.*,
from rolled.cohort_months as cohort
inner join period
    on cohort.placed_month >= cast(date_trunc('month', period.start_on) as date) and cohort.placed_month <= period.until_on
where cohort.is_complete
