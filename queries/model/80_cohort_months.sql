-- One row per placement month, its attributes, and month since placement reached: cash so far of what was placed.
create table model.cohort_months as
with

placed as (
    select
        placed_month,
        placed_month_number,
        product,
        region,
        batch,
        team,
        bucket,
        sum(placed_amount) as placed_amount,
        count(*) as placed_cases,
    from model.cases
    group by
        placed_month, placed_month_number, product, region, batch, team, bucket
),

paid as (
    select
        cases.placed_month,
        cases.product,
        cases.region,
        cases.batch,
        cases.team,
        cases.bucket,
        cash.months_since_placement,
        sum(cash.net_amount) as net_amount,
    from model.cash as cash
    inner join model.cases as cases on cash.case_key = cases.case_key
    where cash.paid_on <= as_of_day()
    group by
        cases.placed_month, cases.product, cases.region, cases.batch, cases.team, cases.bucket,
        cash.months_since_placement
),

aged as (
    select
        placed.*,
        months.month_number - placed.placed_month_number as months_since_placement,
        months.is_complete,
        coalesce(paid.net_amount, 0) as month_net_amount,
    from placed
    inner join model.months as months
        on months.month_number >= placed.placed_month_number and not months.is_closing
    left join paid
        on placed.placed_month = paid.placed_month and placed.product = paid.product and placed.region = paid.region
        and placed.batch = paid.batch and placed.team = paid.team and placed.bucket = paid.bucket
        and months.month_number - placed.placed_month_number = paid.months_since_placement
)

select
    aged.placed_month,
    aged.months_since_placement,
    aged.is_complete,
    aged.product,
    aged.region,
    aged.batch,
    aged.team,
    aged.bucket,
    cast(aged.placed_amount as decimal(18, 2)) as placed_amount,
    aged.placed_cases,
    cast(aged.month_net_amount as decimal(18, 2)) as month_net_amount,
    cast(sum(aged.month_net_amount) over (
        partition by
            aged.placed_month, aged.product, aged.region, aged.batch, aged.team, aged.bucket
        order by aged.months_since_placement
        rows between unbounded preceding and current row
    ) as decimal(18, 2)) as net_amount,
    (aged.is_complete and aged.months_since_placement = last_complete.month_number - aged.placed_month_number) as is_last,
from aged
cross join (select max(month_number) as month_number from model.months where is_complete and not is_closing) as last_complete
