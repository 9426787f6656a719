-- One row per instalment due in a period; bucket and holder are those of its plan's agreement.
select
    period.period,
    instalments.*,
    flag(instalments.instalment_state in ('paid', 'missed')) as matured_count,
    flag(instalments.instalment_state = 'paid') as paid_count,
    plans.agreed_on,
    plans.affordability,
    plans.team,
    plans.collector_id,
    plans.agency,
    plans.bucket,
    plans.product,
    plans.region,
    plans.batch,
    plans.placement_number,
    plans.strategy,
    plans.age_band,
    plans.placed_month,
from model.instalments as instalments
inner join period on instalments.due_on >= period.start_on and instalments.due_on <= period.until_on
inner join model.plans as plans on instalments.plan_id = plans.plan_id
where not instalments.is_ahead
