-- One row per value of what postings of a month of pay are told apart by, and the number that stands for it.
select
    dimension,
    value,
    number,
from model.pay_levels
order by dimension, number
