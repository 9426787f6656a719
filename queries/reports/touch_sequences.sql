-- One row per sequence of the first three touches by us (before any cash) of cases placed in a period, from the month on in which contacts begin
-- to be recorded, and followed $days days, and whether they paid.
with

followed as (
    select
        (first_paid_on is not null and date_diff('day', placed_on, first_paid_on) <= $days) as paid,
        case when first_paid_on is null or first_attempt_on <= first_paid_on then channel_1 end as first_channel,
        case when first_paid_on is null or second_on <= first_paid_on then channel_2 end as second_channel,
        case when first_paid_on is null or third_on <= first_paid_on then channel_3 end as third_channel,
    from model.first_touches
    inner join model.sources as sources on sources.table_id = 'contacts' and placed_on >= date_trunc('month', sources.first_on)
    where
        placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) >= $days
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
)

select
    first_channel,
    second_channel,
    third_channel,
    paid,
    count(*) as cases,
from followed
group by all
order by all
