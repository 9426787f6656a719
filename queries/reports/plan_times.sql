-- One row per group of plans agreed in a period and day since: broken, over in another way (`gone`: of those, not completed), or last seen then.
-- Five groups or six stand by themselves, the largest first; of more, all but five are one with value null.
with

chosen as (
    select
        case $dimension
            when 'bucket' then bucket
            when 'product' then product
            when 'region' then region
            when 'team' then team
            when 'agency' then agency
            when 'affordability' then affordability
            else ''
        end as value,
        cast(coalesce(exit_days, date_diff('day', agreed_on, as_of_day())) as integer) as day,
        plan_state,
    from model.plans
    where
        agreed_on >= $start and agreed_on <= $until and instalment_count > 0
        and ($product is null or list_contains($product, product))
        and ($bucket is null or list_contains($bucket, bucket))
        and ($region is null or list_contains($region, region))
        and ($team is null or list_contains($team, team))
        and ($batch is null or list_contains($batch, batch))
        and ($teams is null or list_contains($teams, team))
),

counted as (
    select
        value,
        day,
        count(*) filter (where plan_state = 'broken') as events,
        count(*) filter (where plan_state in ('completed', 'replaced', 'ended', 'closed')) as competing,
        count(*) filter (where plan_state in ('replaced', 'ended', 'closed')) as gone,
        count(*) filter (where plan_state = 'running') as censored,
    from chosen
    group by value, day
),

ranked as (
    select
        value,
        row_number() over (order by sum(events + competing + censored) desc, value) as place,
        count(*) over () as groups,
    from counted
    group by value
)

select
    case when ranked.groups <= $most or ranked.place < $most then counted.value end as value,
    counted.day,
    sum(counted.events) as events,
    sum(counted.competing) as competing,
    sum(counted.gone) as gone,
    sum(counted.censored) as censored,
from counted
inner join ranked on counted.value = ranked.value
group by all
order by all
