-- One row per value of what cases of arms are compared by: the number that stands for it in `model.case_outcomes`. Nobody ("house") is 0.
create table model.outcome_levels as
with

found as (
    select
        'strategy' as dimension,
        strategy as value,
    from model.cases
    where strategy != ''
    union
    select
        'collector' as dimension,
        collector_id as value,
    from model.cases
    where strategy != ''
    union
    select
        'age_band' as dimension,
        age_band as value,
    from model.cases
    where strategy != ''
    union
    select
        'region' as dimension,
        region as value,
    from model.cases
    where strategy != ''
    union
    select
        'score_band' as dimension,
        score_band as value,
    from model.cases
    where strategy != ''
    union
    select
        'bucket' as dimension,
        bucket as value,
    from model.cases
    where strategy != ''
    union
    select
        'product' as dimension,
        product as value,
    from model.cases
    where strategy != ''
)

select
    dimension,
    value,
    cast(row_number() over (partition by dimension order by value) as integer) as number,
from found
where not (dimension = 'collector' and value = 'house')
union all
select
    'collector' as dimension,
    'house' as value,
    0 as number,
order by dimension, number
