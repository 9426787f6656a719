-- One row per case past due at the start of a complete month: whether it cured, whether that held, whether it came back.
create table model.cures as
with

last_complete as (
    select
        max(month_number) as month_number,
    from model.months
    where is_complete and not is_closing
),

ended as (
    select
        case_months.case_key,
        case_months.month,
        case_months.month_number,
        case_months.bucket,
        case_months.bucket_rank,
        case_months.opening_amount,
        case_months.end_state,
        case_months.end_rank,
        case_months.team,
        case_months.collector_id,
        case_months.agency,
        case_months.product,
        case_months.region,
        case_months.batch,
        case_months.placement_number,
        case_months.strategy,
        case_months.age_band,
        case_months.placed_month,
        lead(case_months.end_state) over (partition by case_months.case_key order by case_months.month_number) as next_end_state,
        lead(case_months.end_rank) over (partition by case_months.case_key order by case_months.month_number) as next_end_rank,
        lead(case_months.end_state, 2) over (partition by case_months.case_key order by case_months.month_number) as third_end_state,
        lead(case_months.end_rank, 2) over (partition by case_months.case_key order by case_months.month_number) as third_end_rank,
        lead(case_months.end_state, 3) over (partition by case_months.case_key order by case_months.month_number) as fourth_end_state,
        lead(case_months.end_rank, 3) over (partition by case_months.case_key order by case_months.month_number) as fourth_end_rank,
    from model.case_months as case_months
    where not case_months.is_closing
),

judged as (
    select
        ended.case_key,
        ended.month,
        ended.month_number,
        ended.bucket,
        ended.opening_amount,
        ended.team,
        ended.collector_id,
        ended.agency,
        ended.product,
        ended.region,
        ended.batch,
        ended.placement_number,
        ended.strategy,
        ended.age_band,
        ended.placed_month,
        ended.end_state,
        ended.end_rank,
        last_complete.month_number as last_complete_number,
        -- still at zero a month later, or paid in full by then: the cure held
        coalesce(ended.end_rank = 0 and (ended.next_end_rank = 0 or ended.next_end_state = 'paid'), false) as is_at_zero,
        -- at zero, but what came next isn't known
        coalesce(
            ended.end_rank = 0 and ended.next_end_rank is null and coalesce(ended.next_end_state, '') != 'paid', false
        ) as is_unknown,
        coalesce(ended.next_end_rank, 0) > 0
        or coalesce(ended.third_end_rank, 0) > 0
        or coalesce(ended.fourth_end_rank, 0) > 0 as is_again,
        ended.fourth_end_rank is not null
        or coalesce(ended.next_end_state, '') = 'paid'
        or coalesce(ended.third_end_state, '') = 'paid'
        or coalesce(ended.fourth_end_state, '') = 'paid' as is_seen_through,
    from ended
    cross join last_complete
    where ended.bucket_rank >= 1 and ended.end_state != 'unobserved'
)

select
    case_key,
    month,
    month_number,
    bucket,
    opening_amount,
    team,
    collector_id,
    agency,
    product,
    region,
    batch,
    placement_number,
    strategy,
    age_band,
    placed_month,
    1 as case_count,
    -- a month counts once the next has ended, for every case alike: else only those paid in full would be in it
    (month_number < last_complete_number and not is_unknown) as is_observed,
    (end_state = 'paid' or is_at_zero) as is_cured,
    is_at_zero,
    (month_number + 3 <= last_complete_number and (is_again or is_seen_through)) as is_followed,
    is_again,
from judged
