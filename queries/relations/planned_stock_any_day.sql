-- One row per case with a running plan when a period begins, on whatever day it does: its balance, bucket and holder then.
with

opened as (
    select
        period.period,
        period.start_on,
        plans.plan_id,
        plans.case_key,
        positions.amount,
        positions.from_balances,
        eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) as days_past_due,
    from model.plans as plans
    inner join period on plans.agreed_on < period.start_on and coalesce(plans.exit_on, cast('9999-12-31' as date)) >= period.start_on
    inner join model.positions as positions
        on plans.case_key = positions.case_key and positions.known_on < period.start_on and positions.until_on >= period.start_on
    where plans.plan_state != 'unscheduled'
),

-- only a case with no balances row needs its cash taken off what was placed
paid_before as (
    select
        opened.period,
        opened.case_key,
        sum(cash.net_amount) as net_amount,
    from opened
    inner join model.cash as cash on opened.case_key = cash.case_key and cash.paid_on < opened.start_on
    where opened.from_balances = 0
    group by opened.period, opened.case_key
)

select
    opened.period,
    opened.case_key,
    opened.plan_id,
    case
        when opened.from_balances = 1 then opened.amount
        else greatest(opened.amount - coalesce(paid_before.net_amount, 0), 0)
    end as opening_amount,
    edges.bucket,
    coalesce(holders.team, 'house') as team,
    coalesce(holders.collector_id, 'house') as collector_id,
    coalesce(holders.agency, '') as agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from opened
inner join model.cases as cases on opened.case_key = cases.case_key
inner join model.bucket_days as edges
    on bucket_day(opened.days_past_due) = edges.day and opened.days_past_due >= edges.low and opened.days_past_due <= edges.high
    and opened.start_on >= edges.valid_from and opened.start_on < edges.valid_to
left join model.holders as holders
    on cases.case_id = holders.case_id and opened.start_on >= holders.from_on and opened.start_on <= holders.until_on
left join paid_before on opened.case_key = paid_before.case_key and opened.period = paid_before.period
