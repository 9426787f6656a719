-- One row per case (or group) and month: its balance in a bucket at the start, or in the next bucket a month later.
with

sides as (
    select
        *,
        month_number as side_number,
        bucket_rank as side_rank,
        opening_amount as from_amount,
        cast(0 as decimal(18, 2)) as into_amount,
    from rolled.case_months
    where not is_closing
    union all
    select
        *,
        month_number - 1 as side_number,
        bucket_rank - 1 as side_rank,
        cast(0 as decimal(18, 2)) as from_amount,
        opening_amount as into_amount,
    from rolled.case_months
)

select
    period.period,
    sides.* replace (edges.bucket as bucket),
from sides
inner join model.months as months on sides.side_number = months.month_number
inner join period on months.month >= period.start_on and months.last_on <= period.until_on
inner join model.bucket_edges as edges
    on sides.side_rank = edges.rank and months.month >= edges.valid_from and months.month < edges.valid_to
-- the last bucket has no upper edge: what is in it came from everywhere, so the step into it has no ratio
where months.is_complete and sides.side_rank >= 1 and sides.side_rank < (select max(rank) - 1 from model.bucket_edges)
