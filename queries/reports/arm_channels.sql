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

-- numbers instead of names: what is counted is millions of contacts
arms as (
    select
        arm,
        cast(row_number() over (order by arm) as smallint) as arm_number,
        count(*) as cases,
    from chosen
    group by arm
),

numbered as (
    select
        chosen.case_key,
        arms.arm_number,
    from chosen
    inner join arms on chosen.arm = arms.arm
),

sent as (
    select
        numbered.arm_number,
        touches.kind,
        count(*) as attempts,
    from model.touches as touches
    inner join numbered on touches.case_key = numbered.case_key
    where touches.placed_days >= 0 and touches.placed_days < $days
    group by all
),

by_channel as (
    select
        sent.arm_number,
        kept.channel,
        sum(sent.attempts) as attempts,
    from sent
    inner join kept on sent.kind = kept.kind
    group by all
)

select
    arms.arm,
    arms.cases,
    by_channel.channel,
    coalesce(by_channel.attempts, 0)::bigint as attempts,
from arms
left join by_channel on arms.arm_number = by_channel.arm_number
order by all
