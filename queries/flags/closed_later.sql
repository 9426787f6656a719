-- One row per case said to close after the last complete day (and the day it may have broken off on): it counts as open until then.
select
    'closed_later' as kind,
    'cases' as table_id,
    source_file,
    source_line,
    case_id as key,
    cast(closed_on as varchar) as detail,
from export.cases
where closed_on > as_of_day() + 1
