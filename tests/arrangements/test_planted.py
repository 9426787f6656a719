"""The sample's plans: each instalment is paid with probability 0.84, and 1.6 of a hundred payments are reversed (data/sample_sql/period.sql)."""

from __future__ import annotations

from pathlib import Path

from dashboard import timing
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse

PAID = 0.84 * (1 - 0.016)
OPEN = {"product": None, "bucket": None, "region": None, "team": None, "batch": None, "teams": None}


def test_what_was_planted_is_found(loaded_home: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    filters = Filters(warehouse.info.first_on, warehouse.info.as_of)
    row = warehouse.measure(
        ("first_instalment_rate", "plans_agreed", "plan_balance_amount", "plan_scheduled_amount", "plan_waived_amount"), filters=filters
    ).rows[0]
    assert row["first_instalment_rate_whole"] > 50
    assert row["first_instalment_rate_low"] < PAID < row["first_instalment_rate_high"]
    # what is scheduled and waived is the balance then, but for the fees and payments of the day of agreement itself
    assert abs(1 - float((row["plan_scheduled_amount"] + row["plan_waived_amount"]) / row["plan_balance_amount"])) < 0.01
    asked = {**OPEN, "dimension": "all", "most": 6, "start": filters.start, "until": filters.until}
    (curve,) = timing.curves(warehouse.run("plan_times", asked)).values()
    for number in (1, 2, 3):  # an instalment every thirty days, with three days of grace
        point = curve.at(30 * number + 3)
        assert point is not None and point.low < 1 - PAID**number < point.high, (number, point)
