-- One row per case of that id, if its holders let it be seen: what it is, what it has paid, where it stands.
select
    cases.case_id,
    cases.customer_id,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.originated_on,
    cases.placed_on,
    cases.placed_amount,
    cases.placed_dpd,
    cases.bucket,
    cases.left_on,
    cases.left_reason,
    cases.net_amount,
    cases.waived_amount,
    cases.first_paid_on,
    latest.as_of as balance_on,
    latest.balance as balance_amount,
    latest.days_past_due,
    files.name as file,
    export_cases.source_line as line,
from model.cases as cases
left join (
    select
        exported.case_id,
        exported.source_file,
        exported.source_line,
    from export.cases as exported
    where exported.rowid in (select unnest(places.row_ids) from rows_of_case.cases as places where places.case_id = $case_id)
) as export_cases on cases.case_id = export_cases.case_id
left join meta.files as files on export_cases.source_file = files.number
left join (
    select
        case_id,
        max(as_of) as as_of,
        max_by(balance, as_of) as balance,
        max_by(days_past_due, as_of) as days_past_due,
    from export.balances
    where rowid in (select unnest(places.row_ids) from rows_of_case.balances as places where places.case_id = $case_id)
    group by case_id
) as latest on cases.case_id = latest.case_id
where cases.case_id = $case_id
    and ($teams is null or exists (
        select 1
        from model.holders as holders
        where holders.case_id = $case_id and list_contains($teams, holders.team)
    ))
