-- One row per promise that was moved across a month end without cash between, the latest first.
with

listed as (
    select
        moved.*,
        collectors.name,
        collectors.team,
    from model.moved_promises as moved
    inner join export.collectors as collectors on moved.collector_id = collectors.collector_id
    where moved.due_on >= $start
        and moved.due_on <= $until
        and moved.next_made_on <= moved.due_on + interval ($grace) day
        and date_trunc('month', moved.due_on) < date_trunc('month', moved.next_due_on)
        and ($teams is null or list_contains($teams, collectors.team))
    order by moved.due_on desc, moved.promise_id
    limit $limit
)

select
    listed.collector_id,
    case when $names then listed.name end as name,
    listed.team,
    cases.case_id,
    listed.promise_id,
    listed.next_promise_id,
    listed.due_on,
    listed.next_due_on,
    listed.next_made_on,
    listed.amount,
from listed
inner join model.cases as cases on listed.case_key = cases.case_key
order by listed.due_on desc, listed.promise_id
