-- One row per case that left in a period, with its opening balance in the month it left and the receivables it is compared with.
select
    period.period,
    cases.*,
    coalesce(case_months.opening_amount, cases.placed_amount) as left_amount,
from model.cases as cases
inner join period on cases.left_on >= period.start_on and cases.left_on <= period.until_on
left join model.case_months as case_months
    on cases.case_key = case_months.case_key and month_number(cases.left_on) = case_months.month_number
