-- One row per case and month that opens with it: opening balance, bucket and holder at the start, state at the end.
-- Its case's attributes stand in it, so that one scan answers and a roll-up (queries/rollups.toml) has the same columns.
create table model.case_months as
with

spread as (
    select
        positions.case_key,
        positions.known_on,
        positions.amount,
        positions.days_past_due,
        positions.state,
        positions.from_balances,
        months.month,
        months.month_number,
        months.is_complete,
        months.is_closing,
    from model.positions as positions
    inner join model.months as months on positions.first_month_number = months.month_number
    where positions.last_month_number >= positions.first_month_number
    union all
    select
        positions.case_key,
        positions.known_on,
        positions.amount,
        positions.days_past_due,
        positions.state,
        positions.from_balances,
        months.month,
        months.month_number,
        months.is_complete,
        months.is_closing,
    from model.positions as positions
    inner join model.months as months
        on months.month_number > positions.first_month_number and months.month_number <= positions.last_month_number
    where positions.last_month_number > positions.first_month_number
),

paid_months as (
    select
        cases.case_key,
        month_number(payments.paid_on) as month_number,
        sum(net_of(payments.kind, payments.status, payments.amount)) as net_amount,
    from export.payments as payments
    inner join model.cases as cases on payments.case_id = cases.case_id
    where payments.paid_on <= as_of_day()
    group by cases.case_key, month_number(payments.paid_on)
),

-- only a case with no balances row needs its cash taken off what was placed
paid_before as (
    select
        spread.case_key,
        spread.month_number,
        sum(paid_months.net_amount) as net_amount,
    from spread
    inner join paid_months on spread.case_key = paid_months.case_key
    where spread.from_balances = 0 and paid_months.month_number < spread.month_number
    group by spread.case_key, spread.month_number
),

aged as (
    select
        spread.case_key,
        spread.known_on,
        spread.month,
        spread.month_number,
        spread.is_complete,
        spread.is_closing,
        spread.state,
        case
            when spread.from_balances = 1 then spread.amount
            else greatest(spread.amount - coalesce(paid_before.net_amount, 0), 0)
        end as opening_amount,
        eve_days_past_due(spread.from_balances, spread.days_past_due, spread.known_on, spread.month) as days_past_due,
        coalesce(paid_months.net_amount, 0) as month_net_amount,
    from spread
    left join paid_before
        on spread.case_key = paid_before.case_key and spread.month_number = paid_before.month_number
    left join paid_months
        on spread.case_key = paid_months.case_key and spread.month_number = paid_months.month_number
),

bucketed as (
    select
        aged.case_key,
        aged.known_on,
        aged.month,
        aged.month_number,
        aged.is_complete,
        aged.is_closing,
        cast(aged.opening_amount as decimal(18, 2)) as opening_amount,
        aged.days_past_due,
        cast(aged.month_net_amount as decimal(18, 2)) as month_net_amount,
        edges.bucket,
        edges.rank as bucket_rank,
        case when aged.state = 'plan' then 'plan' else edges.bucket end as start_state,
    from aged
    inner join model.bucket_days as edges
        on bucket_day(aged.days_past_due) = edges.day and aged.days_past_due >= edges.low and aged.days_past_due <= edges.high
        and aged.month >= edges.valid_from and aged.month < edges.valid_to
),

followed as (
    select
        *,
        lead(month_number) over (partition by case_key order by month_number) as next_month_number,
        lead(known_on) over (partition by case_key order by month_number) as next_known_on,
        lead(start_state) over (partition by case_key order by month_number) as next_state,
        lead(bucket_rank) over (partition by case_key order by month_number) as next_rank,
        lead(opening_amount) over (partition by case_key order by month_number) as next_amount,
    from bucketed
)

select
    followed.case_key,
    followed.month,
    followed.month_number,
    followed.is_complete,
    followed.is_closing,
    1 as case_count,
    followed.opening_amount,
    followed.month_net_amount,
    case when followed.month_net_amount > 0 then 1 else 0 end as paid_count,
    followed.days_past_due,
    followed.bucket,
    followed.bucket_rank,
    followed.start_state,
    case
        when not followed.is_complete then 'unobserved'
        when month_number(cases.left_on) = followed.month_number then cases.left_reason
        when followed.next_month_number = followed.month_number + 1 and followed.next_known_on >= followed.month
            then followed.next_state
        else 'unobserved'
    end as end_state,
    case
        when followed.next_month_number = followed.month_number + 1 and followed.next_known_on >= followed.month then followed.next_rank
    end as end_rank,
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
from followed
inner join model.cases as cases on followed.case_key = cases.case_key
left join model.holders as holders
    on cases.case_id = holders.case_id and followed.month >= holders.from_on and followed.month <= holders.until_on
