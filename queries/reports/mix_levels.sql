-- One row per value of an attribute in `kind`, or collector: the number that stands for it.
select
    dimension,
    value,
    number,
from model.mix_levels
order by dimension, number
