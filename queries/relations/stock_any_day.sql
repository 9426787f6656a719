-- One row per case open when a period begins, on whatever day it does and however long it is.
with

-- once, so that what else is needed is only looked up for these
opened as (
    select
        period.period,
        period.start_on,
        period.until_on,
        positions.case_key,
        positions.amount,
        positions.state,
        positions.from_balances,
        eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) as days_past_due,
    from model.positions as positions
    inner join period on positions.known_on < period.start_on and positions.until_on >= period.start_on
),

paid as (
    select
        period.period,
        cash.case_key,
    from model.cash as cash
    inner join period on cash.paid_on >= period.start_on and cash.paid_on <= period.until_on
    where cash.case_key is not null and cash.net_amount != 0
    group by period.period, cash.case_key
    having sum(cash.net_amount) > 0
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
),

held as (
    select
        period.period,
        holdings.case_key,
        holdings.team,
        holdings.collector_id,
        holdings.agency,
    from model.holdings as holdings
    inner join period on period.start_on >= holdings.from_on and period.start_on <= holdings.until_on
)

select
    opened.period,
    opened.case_key,
    case
        when opened.from_balances = 1 then opened.amount
        else greatest(opened.amount - coalesce(paid_before.net_amount, 0), 0)
    end as opening_amount,
    edges.bucket,
    edges.rank as bucket_rank,
    case when opened.state = 'plan' then 'plan' else edges.bucket end as start_state,
    coalesce(held.team, 'house') as team,
    coalesce(held.collector_id, 'house') as collector_id,
    coalesce(held.agency, '') as agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    1 as case_count,
    case when paid.case_key is not null then 1 else 0 end as paid_count,
from opened
inner join model.cases as cases on opened.case_key = cases.case_key
inner join model.bucket_days as edges
    on bucket_day(opened.days_past_due) = edges.day and opened.days_past_due >= edges.low and opened.days_past_due <= edges.high
    and opened.start_on >= edges.valid_from and opened.start_on < edges.valid_to
left join held on opened.case_key = held.case_key and opened.period = held.period
left join paid on opened.case_key = paid.case_key and opened.period = paid.period
left join paid_before on opened.case_key = paid_before.case_key and opened.period = paid_before.period
