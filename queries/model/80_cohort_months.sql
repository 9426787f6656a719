-- One row per placement month, its attributes, and month since placement reached: cash so far of what was placed.
create table model.cohort_months as
with

-- cohorts have a number each: what follows finds and follows them by it
placed as (
    select
        min(case_key) as cohort_no,
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

members as (
    select
        case_key,
        min(case_key) over (partition by placed_month, placed_month_number, product, region, batch, team, bucket) as cohort_no,
    from model.cases
),

paid as (
    select
        members.cohort_no,
        cash.months_since_placement,
        sum(cash.net_amount) as net_amount,
    from model.cash as cash
    inner join members on cash.case_key = members.case_key
    where cash.paid_on <= as_of_day()
    group by members.cohort_no, cash.months_since_placement
),

aged as (
    select
        placed.cohort_no,
        months.month_number - placed.placed_month_number as months_since_placement,
        months.is_complete,
        coalesce(paid.net_amount, 0) as month_net_amount,
    from placed
    inner join model.months as months
        on months.month_number >= placed.placed_month_number and not months.is_closing
    left join paid
        on placed.cohort_no = paid.cohort_no and months.month_number - placed.placed_month_number = paid.months_since_placement
),

run as (
    select
        aged.*,
        sum(aged.month_net_amount) over (
            partition by aged.cohort_no
            order by aged.months_since_placement
            rows between unbounded preceding and current row
        ) as net_amount,
    from aged
)

select
    placed.placed_month,
    run.months_since_placement,
    run.is_complete,
    placed.product,
    placed.region,
    placed.batch,
    placed.team,
    placed.bucket,
    cast(placed.placed_amount as decimal(18, 2)) as placed_amount,
    placed.placed_cases,
    cast(run.month_net_amount as decimal(18, 2)) as month_net_amount,
    cast(run.net_amount as decimal(18, 2)) as net_amount,
    (run.is_complete and run.months_since_placement = last_complete.month_number - placed.placed_month_number) as is_last,
from run
inner join placed on run.cohort_no = placed.cohort_no
cross join (select max(month_number) as month_number from model.months where is_complete and not is_closing) as last_complete
