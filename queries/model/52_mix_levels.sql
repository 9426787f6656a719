-- One row per value of a product, region, placement number and collector there is: the number that stands for it in `model.held_mix`.
create table model.mix_levels as
with

found as (
    select
        'product' as dimension,
        product as value,
    from model.cases
    group by product
    union all
    select
        'region' as dimension,
        region as value,
    from model.cases
    group by region
    union all
    select
        'placement_number' as dimension,
        placement_number as value,
    from model.cases
    group by placement_number
    union all
    select
        'collector' as dimension,
        collector_id as value,
    from model.holders
    group by collector_id
)

select
    dimension,
    value,
    cast(row_number() over (partition by dimension order by value) - 1 as integer) as number,
from found
