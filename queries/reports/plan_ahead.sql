-- One row per coming month, age of running plans and age at which an instalment of theirs is judged: how many instalments, what is left of them.
select
    cast(date_trunc('month', greatest(instalments.due_on, as_of_day() + 1)) as date) as month,
    cast(date_diff('day', plans.agreed_on, as_of_day()) as integer) as age_days,
    cast(date_diff('day', plans.agreed_on, instalments.judged_on) as integer) as judged_days,
    count(*) as instalments,
    sum(instalments.instalment_amount - instalments.paid_amount) as left_amount,
from model.instalments as instalments
inner join model.plans as plans on instalments.plan_id = plans.plan_id
where
    plans.plan_state = 'running' and instalments.instalment_state = 'undue'
    and ($product is null or list_contains($product, plans.product))
    and ($bucket is null or list_contains($bucket, plans.bucket))
    and ($region is null or list_contains($region, plans.region))
    and ($team is null or list_contains($team, plans.team))
    and ($batch is null or list_contains($batch, plans.batch))
    and ($teams is null or list_contains($teams, plans.team))
group by all
order by all
