-- One row per promise that the next one of its case moved to a later day without cash between: by whom, when and to which day.
create table model.moved_promises as
with

following as (
    select
        promises.promise_id,
        cases.case_key,
        promises.due_on,
        promises.amount,
        cast(promises.made_at as date) as made_on,
        lead(promises.promise_id) over later as next_promise_id,
        lead(promises.due_on) over later as next_due_on,
        cast(lead(promises.made_at) over later as date) as next_made_on,
        lead(promises.collector_id) over later as collector_id,
    from export.promises as promises
    inner join model.cases as cases on promises.case_id = cases.case_id
    window later as (partition by cases.case_key order by promises.made_at, promises.promise_id)
),

moved as (
    select
        *,
    from following
    where next_due_on > due_on
)

select
    moved.promise_id,
    moved.case_key,
    moved.next_promise_id,
    moved.collector_id,
    moved.due_on,
    moved.next_due_on,
    moved.next_made_on,
    moved.amount,
from moved
where not exists (
    select 1
    from model.cash as cash
    where cash.case_key = moved.case_key
        and cash.posted_count = 1
        and cash.paid_on >= moved.made_on
        and cash.paid_on <= moved.next_made_on
)
order by moved.due_on, moved.promise_id
