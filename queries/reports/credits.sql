-- One row per collector: what of the net cash of a period a rule credits to them ($credit_rule, looking back $credit_days: "7", "14", "30", "60").
-- For one $collector the row of everybody else but the house is without a name.
select
    case when $collector is null or collector_id in ($collector, 'house') then collector_id else '' end as collector_id,
    sum(credited_amount) as net_amount,
from rolled.desk_credits
where paid_on >= $start and paid_on <= $until
    and credit_rule = $credit_rule and credit_days = $credit_days
    and ($product is null or list_contains($product, product))
    and ($region is null or list_contains($region, region))
    and ($bucket is null or list_contains($bucket, bucket))
    and ($batch is null or list_contains($batch, batch))
group by all
order by all
