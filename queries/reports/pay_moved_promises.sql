-- One row per collector: promises replaced by a later one of the same case (no cash between), how many of them crossed a month end, and how many
-- would by chance: a shift of d days crosses the end of a month of n days with chance d ÷ n, wherever in the month it starts.
with

moved as (
    select
        collector_id,
        least(date_diff('day', due_on, next_due_on) / day(last_day(due_on)), 1.0) as chance,
        (date_trunc('month', due_on) < date_trunc('month', next_due_on)) as is_crossing,
    from model.moved_promises
    where due_on >= $start and due_on <= $until and next_made_on <= due_on + interval ($grace) day
)

select
    moved.collector_id,
    collectors.team,
    count(*) as moved_count,
    count(*) filter (moved.is_crossing) as crossing_count,
    sum(moved.chance) as expected_count,
    sum(moved.chance * (1 - moved.chance)) as variance,
from moved
inner join export.collectors as collectors on moved.collector_id = collectors.collector_id
where ($teams is null or list_contains($teams, collectors.team))
group by all
order by all
