-- One row per snapshot: the last day of its balances (none: no day).
create table model.last_balances as
select
    max(known_on) as last_on,
from model.positions
where from_balances = 1 and known_on <= as_of_day()
