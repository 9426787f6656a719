-- One row per promise to pay and length of grace: the cash that was paid on it from the day it was made until its window closed.
-- A promise made on a later day while an earlier one is still open replaces it; promises made on one day stand side by side. Each amount
-- counts for one promise only: cash goes to the oldest promise first, in the order it came (taken_from_amount: of the case's cash, what came
-- before this promise's). Reversed cash counts for none.
create table model.promise_cash as
with recursive

made as (
    select
        promises.promise_id,
        cases.case_key,
        cast(promises.made_at as date) as made_on,
        promises.due_on,
        promises.amount,
    from export.promises as promises
    inner join model.cases as cases on promises.case_id = cases.case_id
    where cast(promises.made_at as date) <= as_of_day()
),

days as (
    select
        case_key,
        made_on,
        lead(made_on) over (partition by case_key order by made_on) as next_made_on,
    from (select case_key, made_on from made group by case_key, made_on) as distinct_days
),

ordered as (
    select
        made.*,
        case when days.next_made_on <= made.due_on then days.next_made_on end as replaced_on,
        row_number() over (partition by made.case_key order by made.made_on, made.due_on, made.promise_id) as place,
    from made
    inner join days on made.case_key = days.case_key and made.made_on = days.made_on
),

windows as (
    select
        ordered.*,
        graces.grace_days,
        least(ordered.due_on + graces.grace_days, coalesce(ordered.replaced_on, cast('9999-12-31' as date))) as until_on,
    from ordered
    cross join model.promise_graces as graces
),

seen as (
    select
        windows.promise_id,
        windows.grace_days,
        sum(case when days.paid_on < windows.made_on then days.amount else 0 end) as before_amount,
        sum(case when days.paid_on <= windows.until_on then days.amount else 0 end) as until_amount,
    from windows
    inner join model.paid_days as days on windows.case_key = days.case_key
    group by windows.promise_id, windows.grace_days
),

-- only where windows overlap has a promise to leave what an earlier one took
linked as (
    select
        windows.*,
        cast(coalesce(seen.before_amount, 0) as decimal(18, 2)) as before_amount,
        cast(coalesce(seen.until_amount, 0) as decimal(18, 2)) as until_amount,
        coalesce(
            max(windows.until_on) over (
                partition by windows.case_key, windows.grace_days order by windows.place rows between unbounded preceding and 1 preceding
            ) >= windows.made_on, false
        ) as follows,
    from windows
    left join seen on windows.promise_id = seen.promise_id and windows.grace_days = seen.grace_days
),

walked as (
    select
        promise_id,
        case_key,
        grace_days,
        place,
        cast(before_amount + greatest(least(amount, until_amount - before_amount), 0) as decimal(18, 2)) as taken_to_amount,
        cast(greatest(least(amount, until_amount - before_amount), 0) as decimal(18, 2)) as paid_amount,
    from linked
    where not follows
    union all
    select
        linked.promise_id,
        linked.case_key,
        linked.grace_days,
        linked.place,
        cast(
            greatest(walked.taken_to_amount, linked.before_amount)
            + greatest(least(linked.amount, linked.until_amount - greatest(walked.taken_to_amount, linked.before_amount)), 0) as decimal(18, 2)
        ) as taken_to_amount,
        cast(
            greatest(least(linked.amount, linked.until_amount - greatest(walked.taken_to_amount, linked.before_amount)), 0) as decimal(18, 2)
        ) as paid_amount,
    from walked
    inner join linked
        on walked.case_key = linked.case_key and walked.grace_days = linked.grace_days and walked.place + 1 = linked.place and linked.follows
)

select
    linked.promise_id,
    linked.case_key,
    linked.made_on,
    linked.due_on,
    linked.amount,
    linked.replaced_on,
    linked.grace_days,
    walked.paid_amount,
    cast(walked.taken_to_amount - walked.paid_amount as decimal(18, 2)) as taken_from_amount,
    hundredths_of(walked.paid_amount, linked.amount) as paid_hundredths,
    walked.paid_amount > 0 as is_paid,
    linked.replaced_on is not null as is_replaced,
    linked.due_on + linked.grace_days > as_of_day() as is_undue,
    cases.product,
    1 as promise_count,
from linked
inner join model.cases as cases on linked.case_key = cases.case_key
inner join walked on linked.promise_id = walked.promise_id and linked.grace_days = walked.grace_days
