-- One row per case of an arm placed in a period and length of time it has been followed for: whether it paid by then, and how much.
select
    period.period,
    outcomes.*,
    lengths.outcome_days,
    1 as case_count,
    case lengths.outcome_days when '30' then paid_30_count when '60' then paid_60_count else paid_90_count end as paid_count,
    case lengths.outcome_days when '30' then net_30_amount when '60' then net_60_amount else net_90_amount end as net_amount,
    case lengths.outcome_days when '30' then sent_30_count when '60' then sent_60_count else sent_90_count end as sent_count,
    case lengths.outcome_days when '30' then cost_30_amount when '60' then cost_60_amount else cost_90_amount end as cost_amount,
from model.case_outcomes as outcomes
inner join period on outcomes.placed_on >= period.start_on and outcomes.placed_on <= period.until_on
cross join (values ('30', 30), ('60', 60), ('90', 90)) as lengths (outcome_days, days)
where date_diff('day', outcomes.placed_on, as_of_day()) + 1 >= lengths.days
