"""The sample's plans: each instalment is paid with probability 0.84, and 1.6 of a hundred payments are reversed (data/sample_sql/period.sql);
72 of a hundred plans are checked (outputs.sql), 84 of a hundred follow-ups done, half of them on their day (conduct.sql)."""

from __future__ import annotations

from pathlib import Path

from dashboard import timing
from dashboard.connection import connect
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.measuring import relation_sql
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
    for name, planted in (("affordability_rate", 0.72), ("followup_in_time_rate", 0.84 / 2)):
        (found,) = warehouse.measure((name,), filters=filters).rows
        assert found[f"{name}_low"] < planted < found[f"{name}_high"], name
    # what is scheduled and waived is the balance then, but for the fees and payments of the day of agreement itself
    assert abs(1 - float((row["plan_scheduled_amount"] + row["plan_waived_amount"]) / row["plan_balance_amount"])) < 0.01
    asked = {**OPEN, "dimension": "all", "most": 6, "start": filters.start, "until": filters.until}
    (curve,) = timing.curves(warehouse.run("plan_times", asked)).values()
    for number in (1, 2, 3):  # an instalment every thirty days, with three days of grace
        point = curve.at(30 * number + 3)
        assert point is not None and point.low < 1 - PAID**number < point.high, (number, point)


def test_the_balance_on_plans_of_a_month_is_that_of_its_first_day(loaded_home: Path) -> None:
    """By the months' own table and, as for a period that begins on any other day, from what was known on the day."""
    warehouse = Warehouse(Home(loaded_home).info())
    filters = Filters(warehouse.info.first_on, warehouse.info.as_of)
    by_month = {
        (row["month"], row["team"], row["bucket"]): row["planned_balance_amount"]
        for row in warehouse.measure(("planned_balance_amount",), ("month", "team", "bucket"), filters=filters).rows
        if row["planned_balance_amount"]
    }
    months = sorted({month for month, *_ in by_month})
    assert len(months) > 10
    period = "with period as (select unnest($months) as period, unnest($months) as start_on, unnest($months) as until_on) "
    sql = f"{period}select period, team, bucket, sum(opening_amount) from ({relation_sql('planned_stock_any_day')}) as s group by all"
    rows = connect(warehouse.info.path).cursor().execute(sql, {"months": months}).fetchall()
    assert {(month, team, bucket): amount for month, team, bucket, amount in rows if amount} == by_month


def test_roll_ups_say_what_the_rows_do(loaded_home: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    filters = Filters(warehouse.info.first_on, warehouse.info.as_of)
    for name, cut in (
        ("instalments_paid", "affordability"),
        ("instalment_paid_amount", "team"),
        ("followups_in_time", "bucket"),
        ("followups_done", "ability"),
    ):
        for row in warehouse.measure((name,), (cut,), filters=filters).rows:
            assert warehouse.rows(name, {cut: row[cut]}, filters=filters, limit=1).total == row[name], (name, row)
