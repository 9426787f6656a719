-- One row per case of a customer who has several: the key of the first of them stands for the customer (any other case stands for its own).
create table model.customer_cases as
with

several as (
    select
        customer_id,
        min(case_key) as customer_key,
    from model.cases
    where customer_id != ''
    group by customer_id
    having count(*) > 1
)

select
    cases.case_key,
    several.customer_key,
from model.cases as cases
inner join several on cases.customer_id = several.customer_id
order by cases.case_key
