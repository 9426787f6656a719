-- One row per regime whose rules of contact the snapshot is held against: the export's time zone, and whether the export named its regimes.
select
    regime,
    zone,
    named,
from meta.regimes
order by regime
