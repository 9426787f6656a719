-- One row per case past due at the start of a complete month: whether it cured, whether that held, whether it came back.
create table model.cures as
with

last_complete as (
    select
        max(month_number) as month_number,
    from model.months
    where is_complete and not is_closing
),

-- what a month came to, in one small number that the months before it look ahead to: its case's rank at the end, or paid
ended as (
    select
        case_months.*,
        case when case_months.end_state = 'paid' then -1 else case_months.end_rank end as came_to,
    from model.case_months as case_months
    where not case_months.is_closing
),

-- a case's attributes are put to it afterwards: the fewer columns, the less there is to sort
followed as (
    select
        ended.case_key,
        ended.month,
        ended.month_number,
        ended.bucket,
        ended.bucket_rank,
        ended.opening_amount,
        ended.end_state,
        ended.end_rank,
        ended.team,
        ended.collector_id,
        ended.agency,
        lead(ended.came_to) over (partition by ended.case_key order by ended.month_number) as next_came_to,
        lead(ended.came_to, 2) over (partition by ended.case_key order by ended.month_number) as third_came_to,
        lead(ended.came_to, 3) over (partition by ended.case_key order by ended.month_number) as fourth_came_to,
    from ended
),

judged as (
    select
        followed.case_key,
        followed.month,
        followed.month_number,
        followed.bucket,
        followed.opening_amount,
        followed.team,
        followed.collector_id,
        followed.agency,
        followed.end_state,
        last_complete.month_number as last_complete_number,
        -- still at zero a month later, or paid in full by then: the cure held
        coalesce(followed.end_rank = 0 and followed.next_came_to in (0, -1), false) as is_at_zero,
        -- at zero, but what came next isn't known
        coalesce(followed.end_rank = 0 and followed.next_came_to is null, false) as is_unknown,
        coalesce(followed.next_came_to, 0) > 0
        or coalesce(followed.third_came_to, 0) > 0
        or coalesce(followed.fourth_came_to, 0) > 0 as is_again,
        followed.fourth_came_to is not null
        or coalesce(followed.next_came_to, 0) = -1
        or coalesce(followed.third_came_to, 0) = -1 as is_seen_through,
    from followed
    cross join last_complete
    where followed.bucket_rank >= 1 and followed.end_state != 'unobserved'
)

select
    judged.case_key,
    judged.month,
    judged.month_number,
    judged.bucket,
    judged.opening_amount,
    judged.team,
    judged.collector_id,
    judged.agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
    1 as case_count,
    -- a month counts once the next has ended, for every case alike: else only those paid in full would be in it
    (judged.month_number < judged.last_complete_number and not judged.is_unknown) as is_observed,
    (judged.end_state = 'paid' or judged.is_at_zero) as is_cured,
    judged.is_at_zero,
    (judged.month_number + 3 <= judged.last_complete_number and (judged.is_again or judged.is_seen_through)) as is_followed,
    judged.is_again,
from judged
inner join model.cases as cases on judged.case_key = cases.case_key
