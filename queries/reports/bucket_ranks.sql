-- One row per bucket: its place from the best to the worst.
select
    bucket,
    min(rank) as rank,
from model.bucket_edges
group by bucket
order by rank
