-- One row per month of a span, collector (by number) and kind of case held at the month's start: cases, payers, capped cash and its squares.
-- In the order the table is in: dashboard/collectors/cells.py sees to the order by month, collector and kind.
select
    month_number,
    collector_no,
    kind,
    case_count,
    paid_count,
    cast(capped_amount as double) as capped_amount,
    cast(capped_square as double) as capped_square,
from model.held_mix
where month_number >= $first and month_number <= $last
