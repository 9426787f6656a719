-- One row per case of a customer who has several: the key of the first placed of them stands for the customer (any other case stands for its own).
create table model.customer_cases as
with

several as (
    select
        customer_id,
    from model.cases
    where customer_id != ''
    group by customer_id
    having count(*) > 1
)

select
    cases.case_key,
    first_value(cases.case_key) over (partition by cases.customer_id order by cases.placed_on, cases.case_id) as customer_key,
from model.cases as cases
inner join several on cases.customer_id = several.customer_id
order by cases.case_key
