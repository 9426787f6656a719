-- One row per plan and month that opens while it is running: its case's opening balance, bucket and holder then.
create table model.plan_months as
select
    plans.plan_id,
    months.case_key,
    months.month,
    months.opening_amount,
    months.bucket,
    months.team,
    months.collector_id,
    months.agency,
    months.product,
    months.region,
    months.batch,
    months.placement_number,
    months.strategy,
    months.age_band,
    months.placed_month,
from model.plans as plans
inner join model.case_months as months on plans.case_key = months.case_key
where
    plans.plan_state != 'unscheduled' and plans.agreed_on < months.month and coalesce(plans.exit_on, cast('9999-12-31' as date)) >= months.month
    and not months.is_closing
