-- One row per case: days from placement to its first payment and to its cure, from its cure to falling behind again, and how each ended.
-- An end is `event`, `left` (another way out came first) or `open` (not yet: the days are as far as it was seen). No days: not at risk, or of
-- a first payment not yet there, which has been waited for until the as-of day (queries/reports/times.sql).
create table model.case_times as
with

seen as (
    select
        case_key,
        max(known_on) as last_on,
        min(case when days_past_due <= 0 then known_on end) as zero_on,
    from model.positions
    where from_balances = 1 and known_on <= as_of_day()
    group by case_key
),

-- between the last balances and the as-of day only those who leave would be seen: what happens there waits for the next balances
placed as (
    select
        cases.case_key,
        cases.placed_on,
        cases.placed_month,
        cases.product,
        cases.region,
        cases.batch,
        cases.strategy,
        cases.bucket,
        cases.team,
        cases.agency,
        cases.placed_dpd,
        cases.first_paid_on,
        cases.left_on,
        case when cases.left_on <= horizon.last_on then cases.left_on end as seen_left_on,
        case when cases.left_on <= horizon.last_on and cases.left_reason = 'paid' then cases.left_on end as paid_up_on,
        coalesce(seen.last_on, cases.placed_on) as last_on,
        case when cases.left_on is null or seen.zero_on < cases.left_on then seen.zero_on end as zero_on,
        horizon.last_on as horizon_on,
    from model.cases as cases
    cross join model.last_balances as horizon
    left join seen on cases.case_key = seen.case_key
),

behind_again as (
    select
        positions.case_key,
        min(positions.known_on) as again_on,
    from model.positions as positions
    inner join placed on positions.case_key = placed.case_key
    where
        positions.from_balances = 1 and positions.days_past_due > 0 and placed.zero_on is not null
        and positions.known_on > placed.zero_on and positions.known_on <= as_of_day()
        and (placed.left_on is null or positions.known_on < placed.left_on)
    group by positions.case_key
),

dated as (
    select
        placed.*,
        case when placed.left_on is null or placed.first_paid_on <= placed.left_on then placed.first_paid_on end as paid_on,
        coalesce(placed.zero_on, placed.paid_up_on) as cured_on,
        behind_again.again_on,
    from placed
    left join behind_again on placed.case_key = behind_again.case_key
)

select
    case_key,
    placed_on,
    placed_month,
    product,
    region,
    batch,
    strategy,
    bucket,
    team,
    agency,
    case when paid_on is not null then 'event' when left_on is not null then 'left' else 'open' end as payment_end,
    case
        when paid_on is not null or left_on is not null then cast(greatest(date_diff('day', placed_on, coalesce(paid_on, left_on)), 0) as integer)
    end as payment_days,
    case
        when placed_dpd <= 0 or horizon_on is null then null
        when cured_on is not null then 'event'
        when seen_left_on is not null then 'left'
        else 'open'
    end as cure_end,
    case
        when placed_dpd <= 0 or horizon_on is null then null
        else cast(greatest(date_diff('day', placed_on, coalesce(cured_on, seen_left_on, last_on)), 0) as integer)
    end as cure_days,
    case
        when placed_dpd <= 0 or zero_on is null then null
        when again_on is not null then 'event'
        when seen_left_on is not null then 'left'
        else 'open'
    end as redefault_end,
    case
        when placed_dpd <= 0 or zero_on is null then null
        else cast(greatest(date_diff('day', zero_on, coalesce(again_on, seen_left_on, last_on)), 0) as integer)
    end as redefault_days,
from dated
order by placed_on, case_key
