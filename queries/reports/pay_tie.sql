-- One row per team of the holder at value date: net cash of a month of pay, as every page shows it.
select
    team,
    sum(net_amount) as net_amount,
from model.cash
where paid_on between $start and $until
group by team
order by team
