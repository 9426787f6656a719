-- One row per value there is of what postings of a month of pay are told apart by: the number that stands for it in `model.pay_postings`.
create table model.pay_levels as
with

found as (
    select
        'team' as dimension,
        team as value,
    from model.cash
    union
    select
        'collector' as dimension,
        collector_id as value,
    from model.cash
    union
    select
        'collector' as dimension,
        coalesce(previous_id, '') as value,
    from model.cash
    union
    select
        'collector' as dimension,
        coalesce(own_id, '') as value,
    from model.cash
    union
    select
        'bucket' as dimension,
        bucket as value,
    from model.cash
    union
    select
        'bucket' as dimension,
        bucket as value,
    from model.cases
    union
    select
        'product' as dimension,
        product as value,
    from model.cash
    union
    select
        'method' as dimension,
        method as value,
    from model.cash
    union
    select
        'placement' as dimension,
        placement_number as value,
    from model.cash
)

select
    dimension,
    value,
    cast(row_number() over (partition by dimension order by value) - 1 as integer) as number,
from found
order by dimension, value
