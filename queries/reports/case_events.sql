-- One row per thing that happened to a case, of every kind there is, if its holders let it be seen; each with its file and line.
with

events as (
    select
        'placed' as kind,
        cast(placed_on as timestamp) as happened_at,
        cast(null as varchar) as collector_id,
        cast(placed_balance as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(days_past_due as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(batch as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.cases
    where rowid in (select unnest(places.row_ids) from rows_of_case.cases as places where places.case_id = $case_id)
    union all
    select
        'left' as kind,
        cast(closed_on as timestamp) as happened_at,
        cast(null as varchar) as collector_id,
        cast(null as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(close_reason as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.cases
    where rowid in (select unnest(places.row_ids) from rows_of_case.cases as places where places.case_id = $case_id) and closed_on is not null and closed_on <= as_of_day()
    union all
    select
        'holder' as kind,
        cast(assigned_at as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(null as decimal(18, 2)) as amount,
        cast(released_at as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.assignments
    where rowid in (select unnest(places.row_ids) from rows_of_case.assignments as places where places.case_id = $case_id)
    union all
    select
        'balance' as kind,
        cast(as_of as timestamp) as happened_at,
        cast(null as varchar) as collector_id,
        cast(balance as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(days_past_due as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(state as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.balances
    where rowid in (select unnest(places.row_ids) from rows_of_case.balances as places where places.case_id = $case_id)
    union all
    select
        'payment' as kind,
        cast(paid_on as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(amount as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(kind as varchar) as payment_kind,
        cast(coalesce(status, 'posted') as varchar) as payment_status,
        cast(method as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.payments
    where rowid in (select unnest(places.row_ids) from rows_of_case.payments as places where places.case_id = $case_id)
    union all
    select
        'contact' as kind,
        cast(started_at as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(null as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(channel as varchar) as channel,
        cast(direction as varchar) as direction,
        cast(outcome as varchar) as outcome,
        cast(party as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.contacts
    where rowid in (select unnest(places.row_ids) from rows_of_case.contacts as places where places.case_id = $case_id)
    union all
    select
        'promise' as kind,
        cast(made_at as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(amount as decimal(18, 2)) as amount,
        cast(due_on as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.promises
    where rowid in (select unnest(places.row_ids) from rows_of_case.promises as places where places.case_id = $case_id)
    union all
    select
        'plan' as kind,
        cast(agreed_on as timestamp) as happened_at,
        cast(null as varchar) as collector_id,
        cast(waived_amount as decimal(18, 2)) as amount,
        cast(ended_on as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(null as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.plans
    where rowid in (select unnest(places.row_ids) from rows_of_case.plans as places where places.case_id = $case_id)
    union all
    select
        'instalment' as kind,
        cast(x.due_on as timestamp) as happened_at,
        cast(null as varchar) as collector_id,
        cast(x.amount as decimal(18, 2)) as amount,
        cast(null as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(cast(x.number as varchar) as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(x.source_file as integer) as source_file,
        cast(x.source_line as bigint) as source_line,
    from export.instalments as x
    where x.rowid in (select unnest(places.row_ids) from rows_of_case.instalments as places where places.case_id = $case_id)
    union all
    select
        'followup' as kind,
        cast(coalesce(done_on, planned_on) as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(null as decimal(18, 2)) as amount,
        cast(planned_on as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(null as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(willingness as varchar) as willingness,
        cast(ability as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(difficulty as varchar) as note,
        cast(null as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.followups
    where rowid in (select unnest(places.row_ids) from rows_of_case.followups as places where places.case_id = $case_id)
    union all
    select
        'complaint' as kind,
        cast(received_at as timestamp) as happened_at,
        cast(collector_id as varchar) as collector_id,
        cast(null as decimal(18, 2)) as amount,
        cast(resolved_at as timestamp) as until_on,
        cast(null as bigint) as days_past_due,
        cast(channel as varchar) as channel,
        cast(null as varchar) as direction,
        cast(null as varchar) as outcome,
        cast(null as varchar) as party,
        cast(null as varchar) as state,
        cast(null as varchar) as payment_kind,
        cast(null as varchar) as payment_status,
        cast(null as varchar) as method,
        cast(null as varchar) as willingness,
        cast(null as varchar) as ability,
        cast(null as varchar) as close_reason,
        cast(category as varchar) as note,
        cast(upheld as boolean) as is_upheld,
        cast(source_file as integer) as source_file,
        cast(source_line as bigint) as source_line,
    from export.complaints
    where rowid in (select unnest(places.row_ids) from rows_of_case.complaints as places where places.case_id = $case_id)
)

select
    events.* exclude (source_file, source_line),
    case when $names then collectors.name end as collector_name,
    collectors.team,
    files.name as file,
    events.source_line as line,
from events
left join export.collectors as collectors on events.collector_id = collectors.collector_id
left join meta.files as files on events.source_file = files.number
where $teams is null or exists (
    select 1
    from model.holders as holders
    where holders.case_id = $case_id and list_contains($teams, holders.team)
)
order by events.happened_at, events.kind, files.name, events.source_line
