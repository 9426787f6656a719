-- One row per plan agreed: until when its instalments fall due (it ended, its case left, or the case's next plan took its place), and until
-- when cash is seen that pays them: an end on record alone doesn't stop the borrower's cash.
create table model.plan_spans as
with

agreed as (
    select
        plans.plan_id,
        cases.case_key,
        plans.agreed_on,
        case when plans.ended_on <= as_of_day() then plans.ended_on end as ended_on,
        cases.left_on,
        lead(plans.agreed_on) over (partition by cases.case_key order by plans.agreed_on, plans.plan_id) as replaced_on,
    from export.plans as plans
    inner join model.cases as cases on plans.case_id = cases.case_id
    where plans.agreed_on <= as_of_day()
),

bounded as (
    select
        *,
        least(coalesce(left_on, cast('9999-12-31' as date)), coalesce(replaced_on - 1, cast('9999-12-31' as date))) as seen_until_on,
    from agreed
)

select
    *,
    least(coalesce(ended_on, cast('9999-12-31' as date)), seen_until_on) as due_until_on,
from bounded
order by case_key, agreed_on, plan_id
