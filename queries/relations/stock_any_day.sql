-- One row per case open when a period begins, on whatever day it does and however long it is.
with

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

paid_before as (
    select
        period.period,
        cash.case_key,
        sum(cash.net_amount) as net_amount,
    from model.cash as cash
    inner join period on cash.paid_on < period.start_on
    group by period.period, cash.case_key
)

select
    period.period,
    positions.case_key,
    case
        when positions.from_balances = 1 then positions.amount
        else greatest(positions.amount - coalesce(paid_before.net_amount, 0), 0)
    end as opening_amount,
    edges.bucket,
    edges.rank as bucket_rank,
    case when positions.state = 'plan' then 'plan' else edges.bucket end as start_state,
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
    1 as case_count,
    case when paid.case_key is not null then 1 else 0 end as paid_count,
from model.positions as positions
inner join period on positions.known_on < period.start_on and positions.until_on >= period.start_on
inner join model.cases as cases on positions.case_key = cases.case_key
inner join model.bucket_edges as edges
    on period.start_on >= edges.valid_from and period.start_on < edges.valid_to
    and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) >= edges.low
    and eve_days_past_due(positions.from_balances, positions.days_past_due, positions.known_on, period.start_on) <= edges.high
left join model.holders as holders
    on cases.case_id = holders.case_id and period.start_on >= holders.from_on and period.start_on <= holders.until_on
left join paid on positions.case_key = paid.case_key and period.period = paid.period
left join paid_before on positions.case_key = paid_before.case_key and period.period = paid_before.period
