-- One row per case placed in a month of a period and month since its placement that has been observed to its end.
with

last_complete as (
    select
        max(month_number) as month_number,
    from model.months
    where is_complete and not is_closing
),

aged as (
    select
        period.period,
        cases.case_key,
        cases.placed_on,
        cases.placed_month,
        cases.product,
        cases.region,
        cases.batch,
        cases.team,
        cases.collector_id,
        cases.bucket,
        cases.placed_amount,
        months.month_number - cases.placed_month_number as months_since_placement,
        (months.month_number = last_complete.month_number) as is_last,
    from model.cases as cases
    inner join period
        on cases.placed_month >= cast(date_trunc('month', period.start_on) as date) and cases.placed_month <= period.until_on
    inner join model.months as months
        on months.month_number >= cases.placed_month_number and months.is_complete and not months.is_closing
    cross join last_complete
)

select
    aged.*,
    1 as placed_cases,
    coalesce((
        select sum(cash.net_amount)
        from model.cash as cash
        where cash.case_key = aged.case_key and cash.months_since_placement <= aged.months_since_placement and cash.paid_on <= as_of_day()
    ), 0) as net_amount,
from aged
