-- One row per collector and month that has ended: the days of it that cases were with them (model.holdings).
create table model.held_months as
with

known as (
    select
        collector_id,
        team,
        agency,
        from_on,
        least(until_on, as_of_day()) as until_on,
    from model.holdings
    where from_on <= as_of_day()
),

numbered as (
    select
        *,
        unnest(range(0, date_diff('month', from_on, until_on) + 1)) as nth,
    from known
),

dated as (
    select
        *,
        cast(date_trunc('month', from_on) + nth * interval 1 month as date) as month,
    from numbered
)

select
    month,
    collector_id,
    team,
    agency,
    cast(sum(date_diff('day', greatest(from_on, month), least(until_on, last_day(month))) + 1) as bigint) as held_days,
from dated
where last_day(month) <= as_of_day()
group by month, collector_id, team, agency
order by month, collector_id
