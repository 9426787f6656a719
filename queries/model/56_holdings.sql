-- One row per case and unbroken run of days with one collector, no longer than the case stays.
create table model.holdings as
select
    cases.case_key,
    holders.from_on,
    least(holders.until_on, coalesce(cases.left_on, cast('9999-12-31' as date))) as until_on,
    holders.collector_id,
    holders.team,
    holders.agency,
    cases.product,
    cases.region,
    cases.batch,
    cases.placement_number,
    cases.strategy,
    cases.age_band,
    cases.placed_month,
from model.holders as holders
inner join model.cases as cases on holders.case_id = cases.case_id
where cases.left_on is null or cases.left_on >= holders.from_on
