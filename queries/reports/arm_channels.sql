-- One row per arm and channel: attempts by us in the first $days of its cases, placed in the period and followed so long; an arm without
-- any has one row without a channel. What tells two arms apart.
with

chosen as (
    select
        case_key,
        strategy as arm,
    from model.case_outcomes
    where placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) + 1 >= $days
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
),

kept as (
    select
        kind,
        channel,
    from model.contact_kinds
    where attempt_count = 1
),

sent as (
    select
        chosen.arm,
        touches.kind,
        count(*) as attempts,
    from model.touches as touches
    inner join chosen on touches.case_key = chosen.case_key
    where touches.placed_days < $days
    group by all
),

by_channel as (
    select
        sent.arm,
        kept.channel,
        sum(sent.attempts) as attempts,
    from sent
    inner join kept on sent.kind = kept.kind
    group by all
),

arms as (
    select
        arm,
        count(*) as cases,
    from chosen
    group by all
)

select
    arms.arm,
    arms.cases,
    by_channel.channel,
    coalesce(by_channel.attempts, 0)::bigint as attempts,
from arms
left join by_channel on arms.arm = by_channel.arm
order by all
