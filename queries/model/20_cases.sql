-- One row per case: what it was at placement, how it left, and what it has paid since.
create table model.cases as
with

reversed as (
    select
        reverses as payment_id,
        sum(-amount) as amount,
    from export.payments
    where kind = 'reversal' and is_posted(status) and paid_on <= as_of_day()
    group by reverses
),

paid as (
    select
        payments.case_id,
        sum(net_of(payments.kind, payments.status, payments.amount)) as net_amount,
        sum(case when payments.kind = 'waiver' and is_posted(payments.status) then payments.amount else 0 end) as waived_amount,
        sum(
            case
                when date_diff('day', cases.placed_on, payments.paid_on) < 30
                    then net_of(payments.kind, payments.status, payments.amount)
                else 0
            end
        ) as net_30_amount,
        min(
            case
                when gross_of(payments.kind, payments.status, payments.amount) > coalesce(reversed.amount, 0)
                    then payments.paid_on
            end
        ) as first_paid_on,
    from export.payments as payments
    inner join export.cases as cases on payments.case_id = cases.case_id
    left join reversed on payments.payment_id = reversed.payment_id
    where payments.paid_on <= as_of_day()
    group by payments.case_id
),

ended as (
    select
        case_id,
        min(as_of) as left_on,
        min_by(state, as_of) as state,
    from export.balances
    where state in ('paid', 'settled', 'charged_off', 'sold', 'recalled')
    group by case_id
),

first_held as (
    select
        case_id,
        min_by(team, from_on) as team,
        min_by(collector_id, from_on) as collector_id,
        min_by(agency, from_on) as agency,
    from model.holders
    group by case_id
),

described as (
    select
        cases.case_id,
        coalesce(cases.customer_id, '') as customer_id,
        coalesce(cases.product, '') as product,
        coalesce(cases.region, customers.region, '') as region,
        coalesce(cases.batch, '') as batch,
        coalesce(cast(cases.placement_number as varchar), '') as placement_number,
        coalesce(cases.strategy, '') as strategy,
        coalesce(customers.age_band, '') as age_band,
        coalesce(scores.score_band, '') as score_band,
        cases.originated_on,
        cases.placed_on,
        cast(date_trunc('month', cases.placed_on) as date) as placed_month,
        cases.placed_balance as placed_amount,
        cases.days_past_due as placed_dpd,
        coalesce(cases.closed_on, ended.left_on) as any_left_on,
        coalesce(cases.close_reason, ended.state, 'unrecorded') as any_left_reason,
        coalesce(first_held.team, 'house') as team,
        coalesce(first_held.collector_id, 'house') as collector_id,
        coalesce(first_held.agency, '') as agency,
        coalesce(paid.net_amount, 0) as net_amount,
        coalesce(paid.net_30_amount, 0) as net_30_amount,
        coalesce(paid.waived_amount, 0) as waived_amount,
        paid.first_paid_on,
    from export.cases as cases
    left join export.customers as customers on cases.customer_id = customers.customer_id
    left join model.score_bands as scores
        on customers.credit_score >= scores.low and customers.credit_score <= scores.high
        and cases.placed_on >= scores.valid_from and cases.placed_on < scores.valid_to
    left join ended on cases.case_id = ended.case_id
    left join first_held on cases.case_id = first_held.case_id
    left join paid on cases.case_id = paid.case_id
)

select
    -- a case that is known keeps its number
    coalesce(
        known.case_key,
        last_keys.case_key + row_number() over (partition by known.case_key is null order by described.placed_on, described.case_id)
    ) as case_key,
    described.case_id,
    described.customer_id,
    described.product,
    described.region,
    described.batch,
    described.placement_number,
    described.strategy,
    described.age_band,
    described.score_band,
    described.originated_on,
    described.placed_on,
    described.placed_month,
    month_number(described.placed_on) as placed_month_number,
    described.placed_amount,
    described.placed_dpd,
    coalesce(edges.bucket, '') as bucket,
    case when described.any_left_on <= as_of_day() then described.any_left_on end as left_on,
    case when described.any_left_on <= as_of_day() then described.any_left_reason else 'open' end as left_reason,
    described.team,
    described.collector_id,
    described.agency,
    cast(described.net_amount as decimal(18, 2)) as net_amount,
    cast(described.net_30_amount as decimal(18, 2)) as net_30_amount,
    cast(described.waived_amount as decimal(18, 2)) as waived_amount,
    described.first_paid_on,
from described
cross join model.last_keys as last_keys
left join model.known_cases as known on described.case_id = known.case_id
left join model.bucket_days as edges
    on bucket_day(described.placed_dpd) = edges.day and described.placed_dpd >= edges.low and described.placed_dpd <= edges.high
    and described.placed_on >= edges.valid_from and described.placed_on < edges.valid_to
