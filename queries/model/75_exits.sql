-- One row per case that left: the balance it left with (its opening balance in that month, else what was placed).
create table model.exits as
select
    cases.*,
    coalesce(case_months.opening_amount, cases.placed_amount) as left_amount,
from model.cases as cases
left join model.case_months as case_months
    on cases.case_key = case_months.case_key and month_number(cases.left_on) = case_months.month_number
where cases.left_on is not null
