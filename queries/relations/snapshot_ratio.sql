-- One row per bucket and month of a period: the balance in it at the start, and the balance in the next bucket a month later.
with

stock as (
    select
        stock.month_number,
        stock.is_closing,
        stock.bucket_rank,
        stock.opening_amount,
        stock.team,
        stock.collector_id,
        stock.agency,
        cases.product,
        cases.region,
        cases.batch,
        cases.placement_number,
        cases.strategy,
        cases.age_band,
        cases.placed_month,
    from model.case_months as stock
    inner join model.cases as cases on stock.case_key = cases.case_key
),

sides as (
    select
        month_number,
        bucket_rank,
        opening_amount as from_amount,
        cast(0 as decimal(18, 2)) as into_amount,
        team,
        collector_id,
        agency,
        product,
        region,
        batch,
        placement_number,
        strategy,
        age_band,
        placed_month,
    from stock
    where not is_closing
    union all
    select
        month_number - 1 as month_number,
        bucket_rank - 1 as bucket_rank,
        cast(0 as decimal(18, 2)) as from_amount,
        opening_amount as into_amount,
        team,
        collector_id,
        agency,
        product,
        region,
        batch,
        placement_number,
        strategy,
        age_band,
        placed_month,
    from stock
)

select
    period.period,
    sides.*,
    edges.bucket,
from sides
inner join model.months as months on sides.month_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
inner join model.bucket_edges as edges
    on sides.bucket_rank = edges.rank and months.month >= edges.valid_from and months.month < edges.valid_to
where months.is_complete and sides.bucket_rank >= 1 and sides.bucket_rank < (select max(rank) from model.bucket_edges)
