-- One row per arm and channel: attempts by us in the first $days of its cases, placed in the period and followed so long; an arm without
-- any has one row without a channel. What tells two arms apart.
with

chosen as (
    select
        case_key,
        strategy_number,
    from model.case_outcomes
    where placed_on >= $start and placed_on <= $until and date_diff('day', placed_on, as_of_day()) + 1 >= $days
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
),

arms as (
    select
        strategy_number,
        count(*) as cases,
    from chosen
    group by strategy_number
),

sent as (
    select
        chosen.strategy_number,
        sends.channel,
        cast(sum(case $days when 30 then sends.sent_30_count when 60 then sends.sent_60_count else sends.sent_90_count end) as bigint) as attempts,
    from model.case_sends as sends
    inner join chosen on sends.case_key = chosen.case_key
    group by all
)

select
    levels.value as arm,
    arms.cases,
    sent.channel,
    coalesce(sent.attempts, 0) as attempts,
from arms
inner join model.outcome_levels as levels on levels.dimension = 'strategy' and arms.strategy_number = levels.number
left join sent on arms.strategy_number = sent.strategy_number and sent.attempts > 0
order by all
