-- One row per case: whether it paid, what it paid net and what contact cost in its first 30, 60 and 90 days, and whose results hang together.
-- Cases of one customer that are in an arm share customer_key. touched: net cash of payments that a contact which arrived came before, in 30 days.
-- Contact counts and costs are of what we sent, automated or by a collector (staffed). Numbers stand for names (model.outcome_levels).
create table model.case_outcomes as
with

-- of those with several cases, as only the ones in an arm count
customers as (
    select
        several.case_key,
        first_value(several.case_key) over (partition by several.customer_key order by cases.placed_on, cases.case_id) as customer_key,
        count(*) over (partition by several.customer_key) as customer_cases,
    from model.customer_cases as several
    inner join model.cases as cases on several.case_key = cases.case_key
    where cases.strategy != ''
),

paid as (
    select
        cases.case_key,
        sum(case when date_diff('day', cases.placed_on, cash.paid_on) < 30 then cash.net_amount else 0 end) as net_30_amount,
        sum(
            case when date_diff('day', cases.placed_on, cash.paid_on) < 30 and totals.reached_number_30 > 0 then cash.net_amount else 0 end
        ) as touched_30_amount,
        sum(case when date_diff('day', cases.placed_on, cash.paid_on) < 60 then cash.net_amount else 0 end) as net_60_amount,
        sum(
            case when date_diff('day', cases.placed_on, cash.paid_on) < 60 and totals.reached_number_30 > 0 then cash.net_amount else 0 end
        ) as touched_60_amount,
        sum(case when date_diff('day', cases.placed_on, cash.paid_on) < 90 then cash.net_amount else 0 end) as net_90_amount,
        sum(
            case when date_diff('day', cases.placed_on, cash.paid_on) < 90 and totals.reached_number_30 > 0 then cash.net_amount else 0 end
        ) as touched_90_amount,
    from model.cash as cash
    inner join model.cases as cases on cash.case_key = cases.case_key
    inner join model.touch_totals as totals on cash.posting_key = totals.posting_key
    where cash.net_amount != 0 and date_diff('day', cases.placed_on, cash.paid_on) < 90 and cash.paid_on <= as_of_day()
    group by cases.case_key
),

sent as (
    select
        touches.case_key,
        count(case when touches.placed_days < 30 then 1 end) as sent_30_count,
        count(case when touches.placed_days < 30 and kinds.automated = 0 then 1 end) as staffed_30_count,
        sum(case when touches.placed_days < 30 then touches.cost_amount else 0 end) as cost_30_amount,
        count(case when touches.placed_days < 60 then 1 end) as sent_60_count,
        count(case when touches.placed_days < 60 and kinds.automated = 0 then 1 end) as staffed_60_count,
        sum(case when touches.placed_days < 60 then touches.cost_amount else 0 end) as cost_60_amount,
        count(*) as sent_90_count,
        count(case when kinds.automated = 0 then 1 end) as staffed_90_count,
        coalesce(sum(touches.cost_amount), 0) as cost_90_amount,
    from model.touches as touches
    inner join model.contact_kinds as kinds on touches.kind = kinds.kind
    where kinds.attempt_count = 1 and touches.placed_days >= 0 and touches.placed_days < 90
    group by touches.case_key
)

select
    cases.case_key,
    coalesce(customers.customer_key, cases.case_key) as customer_key,
    coalesce(customers.customer_cases, 1) as customer_cases,
    cases.placed_on,
    cases.placed_month,
    cases.strategy,
    cases.product,
    cases.region,
    cases.batch,
    cases.bucket,
    cases.team,
    cases.collector_id,
    cases.agency,
    cases.age_band,
    cases.score_band,
    cases.placement_number,
    cases.placed_amount,
    cases.placed_dpd,
    arms.number as strategy_number,
    collectors.number as collector_number,
    ages.number as age_band_number,
    regions.number as region_number,
    scores.number as score_band_number,
    buckets.number as bucket_number,
    products.number as product_number,
    case when date_diff('day', cases.placed_on, cases.first_paid_on) < 30 then 1 else 0 end as paid_30_count,
    cast(coalesce(paid.net_30_amount, 0) as decimal(18, 2)) as net_30_amount,
    cast(coalesce(paid.touched_30_amount, 0) as decimal(18, 2)) as touched_30_amount,
    cast(coalesce(sent.sent_30_count, 0) as integer) as sent_30_count,
    cast(coalesce(sent.staffed_30_count, 0) as integer) as staffed_30_count,
    cast(coalesce(sent.cost_30_amount, 0) as decimal(18, 2)) as cost_30_amount,
    case when date_diff('day', cases.placed_on, cases.first_paid_on) < 60 then 1 else 0 end as paid_60_count,
    cast(coalesce(paid.net_60_amount, 0) as decimal(18, 2)) as net_60_amount,
    cast(coalesce(paid.touched_60_amount, 0) as decimal(18, 2)) as touched_60_amount,
    cast(coalesce(sent.sent_60_count, 0) as integer) as sent_60_count,
    cast(coalesce(sent.staffed_60_count, 0) as integer) as staffed_60_count,
    cast(coalesce(sent.cost_60_amount, 0) as decimal(18, 2)) as cost_60_amount,
    case when date_diff('day', cases.placed_on, cases.first_paid_on) < 90 then 1 else 0 end as paid_90_count,
    cast(coalesce(paid.net_90_amount, 0) as decimal(18, 2)) as net_90_amount,
    cast(coalesce(paid.touched_90_amount, 0) as decimal(18, 2)) as touched_90_amount,
    cast(coalesce(sent.sent_90_count, 0) as integer) as sent_90_count,
    cast(coalesce(sent.staffed_90_count, 0) as integer) as staffed_90_count,
    cast(coalesce(sent.cost_90_amount, 0) as decimal(18, 2)) as cost_90_amount,
from model.cases as cases
inner join model.outcome_levels as arms on arms.dimension = 'strategy' and cases.strategy = arms.value
inner join model.outcome_levels as collectors on collectors.dimension = 'collector' and cases.collector_id = collectors.value
inner join model.outcome_levels as ages on ages.dimension = 'age_band' and cases.age_band = ages.value
inner join model.outcome_levels as regions on regions.dimension = 'region' and cases.region = regions.value
inner join model.outcome_levels as scores on scores.dimension = 'score_band' and cases.score_band = scores.value
inner join model.outcome_levels as buckets on buckets.dimension = 'bucket' and cases.bucket = buckets.value
inner join model.outcome_levels as products on products.dimension = 'product' and cases.product = products.value
left join customers on cases.case_key = customers.case_key
left join paid on cases.case_key = paid.case_key
left join sent on cases.case_key = sent.case_key
where cases.strategy != ''
order by cases.placed_on, cases.case_key
