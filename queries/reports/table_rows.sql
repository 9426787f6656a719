-- One row per contract table: how many rows this snapshot holds of it, after all loads.
select 'customers' as table_id, count(*) as row_count from export.customers
union all
select 'cases' as table_id, count(*) as row_count from export.cases
union all
select 'balances' as table_id, count(*) as row_count from export.balances
union all
select 'payments' as table_id, count(*) as row_count from export.payments
union all
select 'assignments' as table_id, count(*) as row_count from export.assignments
union all
select 'collectors' as table_id, count(*) as row_count from export.collectors
union all
select 'attendance' as table_id, count(*) as row_count from export.attendance
union all
select 'contacts' as table_id, count(*) as row_count from export.contacts
union all
select 'promises' as table_id, count(*) as row_count from export.promises
union all
select 'plans' as table_id, count(*) as row_count from export.plans
union all
select 'instalments' as table_id, count(*) as row_count from export.instalments
union all
select 'followups' as table_id, count(*) as row_count from export.followups
union all
select 'complaints' as table_id, count(*) as row_count from export.complaints
union all
select 'reviews' as table_id, count(*) as row_count from export.reviews
union all
select 'trainings' as table_id, count(*) as row_count from export.trainings
union all
select 'targets' as table_id, count(*) as row_count from export.targets
union all
select 'milestones' as table_id, count(*) as row_count from export.milestones
