-- One row per group of cases placed in a period and day on the clock ($event: payment, cure, redefault): had it, left, or last seen then.
-- Five groups or six stand by themselves, the largest first by $rank; of more, all but five are one with value null.
with

chosen as (
    select
        case $dimension
            when 'bucket' then bucket
            when 'product' then product
            when 'region' then region
            when 'team' then team
            when 'strategy' then strategy
            when 'batch' then batch
            when 'agency' then agency
        end as value,
        case $event
            when 'payment' then coalesce(payment_days, cast(greatest(date_diff('day', placed_on, as_of_day()), 0) as integer))
            when 'cure' then cure_days
            when 'redefault' then redefault_days
        end as day,
        case $event when 'payment' then payment_end when 'cure' then cure_end when 'redefault' then redefault_end end as ended,
    from model.case_times
    where
        placed_on >= $start and placed_on <= $until
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
        count(*) filter (where ended = 'event') as events,
        count(*) filter (where ended = 'left') as competing,
        count(*) filter (where ended = 'open') as censored,
    from chosen
    where day is not null
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
    sum(counted.censored) as censored,
from counted
inner join ranked on counted.value = ranked.value
group by all
order by all
