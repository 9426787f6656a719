-- One row per posting of cash: how many contacts came before it and what they weigh together, by days before and by whether they arrived.
create table model.touch_totals as
select
    cash.posting_key,
    cast(sum(case when touches.age_days <= 7 then 1 else 0 end) as smallint) as any_number_7,
    cast(sum(case when touches.age_days <= 7 then touches.weight else 0 end) as integer) as any_weight_7,
    cast(sum(case when touches.age_days <= 14 then 1 else 0 end) as smallint) as any_number_14,
    cast(sum(case when touches.age_days <= 14 then touches.weight else 0 end) as integer) as any_weight_14,
    cast(sum(case when touches.age_days <= 30 then 1 else 0 end) as smallint) as any_number_30,
    cast(sum(case when touches.age_days <= 30 then touches.weight else 0 end) as integer) as any_weight_30,
    cast(sum(case when touches.age_days <= 60 then 1 else 0 end) as smallint) as any_number_60,
    cast(sum(case when touches.age_days <= 60 then touches.weight else 0 end) as integer) as any_weight_60,
    cast(sum(case when touches.age_days <= 7 and touches.reached_place is not null then 1 else 0 end) as smallint) as reached_number_7,
    cast(sum(case when touches.age_days <= 7 and touches.reached_place is not null then touches.weight else 0 end) as integer) as reached_weight_7,
    cast(sum(case when touches.age_days <= 14 and touches.reached_place is not null then 1 else 0 end) as smallint) as reached_number_14,
    cast(sum(case when touches.age_days <= 14 and touches.reached_place is not null then touches.weight else 0 end) as integer) as reached_weight_14,
    cast(sum(case when touches.age_days <= 30 and touches.reached_place is not null then 1 else 0 end) as smallint) as reached_number_30,
    cast(sum(case when touches.age_days <= 30 and touches.reached_place is not null then touches.weight else 0 end) as integer) as reached_weight_30,
    cast(sum(case when touches.age_days <= 60 and touches.reached_place is not null then 1 else 0 end) as smallint) as reached_number_60,
    cast(sum(case when touches.age_days <= 60 and touches.reached_place is not null then touches.weight else 0 end) as integer) as reached_weight_60,
from model.cash as cash
left join model.paid_touches as touches on cash.posting_key = touches.posting_key
where cash.net_amount != 0
group by cash.posting_key
order by cash.posting_key
