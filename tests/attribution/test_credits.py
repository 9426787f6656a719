"""Columns of attribution add up to net cash to the cent: every method, window and rule, under every filter, on drawn random exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.attribution.credits import with_cost
from dashboard.attribution.sentences import channel_costs
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given, close_all
from tests.drawn import write_export
from tests.once import load_once

METHODS = ("last", "first", "linear", "decay")
CHANNELS = ("phone", "sms", "email", "visit")
OUTCOMES = ("no_answer", "delivered", "conversation", "undelivered", "abandoned", "opted_out")


def table(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    return "\n".join([" | ".join(names), *(" | ".join(str(row[name]) or "''" for name in names) for row in rows)])


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[dict[str, Any]]]:
    """Thirty cases with up to twelve contacts and five postings each, some reversed in part, some with nothing to follow."""
    chance, first = np.random.default_rng(4), date(2026, 1, 1)

    def day(until: int) -> date:
        return first + timedelta(days=int(chance.integers(0, until)))

    def pick(values: tuple[str, ...]) -> str:
        return values[int(chance.integers(0, len(values)))]

    cases, contacts, payments, held = [], [], [], []
    for number in range(30):
        case = f"C{number}"
        cases.append(
            {"case_id": case, "product": pick(("card", "loan")), "region": pick(("East", "West")), "batch": pick(("A", "B")), "placed_on": day(20)}
            | {"placed_balance": 10_000, "days_past_due": int(chance.integers(1, 120)), "strategy": pick(("x", "y"))}
        )
        held.append({"case_id": case, "assigned_at": f"{day(60)} 09:00:00", "collector_id": pick(("W1", "W2"))})
        for _ in range(int(chance.integers(0, 12))):
            contacts.append(
                {"contact_id": f"K{len(contacts)}", "case_id": case, "started_at": f"{day(140)} {chance.integers(8, 20):02d}:00:00"}
                | {"channel": pick(CHANNELS), "direction": pick(("outbound", "outbound", "inbound")), "outcome": pick(OUTCOMES)}
            )
        for _ in range(int(chance.integers(0, 5))):
            paid, cents = first + timedelta(days=int(chance.integers(20, 140))), int(chance.integers(1, 50_000))
            name = f"P{len(payments)}"
            payments.append({"payment_id": name, "case_id": case, "paid_on": paid, "amount": f"{cents / 100:.2f}", "reverses": ""})
            if chance.random() < 0.4:
                part = int(chance.integers(1, cents + 1))
                payments.append(
                    {"payment_id": f"R{name}", "case_id": case, "paid_on": paid + timedelta(days=4), "amount": f"-{part / 100:.2f}"}
                    | {"reverses": name if chance.random() < 0.7 else ""}
                )
    people = [{"collector_id": "W1", "team": "North"}, {"collector_id": "W2", "team": "South"}]
    return {"cases": cases, "contacts": contacts, "payments": payments, "assignments": held, "collectors": people}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, drawn: dict[str, list[dict[str, Any]]]) -> Iterator[Given]:
    folder, home = tmp_path_factory.mktemp("drawn"), Home(tmp_path_factory.mktemp("home"))
    write_export(folder, {name: table(rows) for name, rows in drawn.items()}, settings={"as_of": "2026-06-30"})
    outcome = load_once(folder, home)
    yield Given(folder, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    close_all(home)


NAMES = [f"attributed_{method}_amount" for method in METHODS]


def test_columns_add_up_under_every_filter(shop: Given) -> None:
    """By month and over all of it, by every dimension: each method's channels, in every window and by both rules, are net cash."""
    for span in ({"start": "2026-02-01", "until": "2026-02-28"}, {}, {"start": "2026-02-10", "until": "2026-04-05"}):
        for cut in ("product", "bucket", "region", "batch", "strategy", "team", "collector"):
            net = {row[cut]: row["net_amount"] for row in shop.rows("net_amount", by=cut, **span) if row["net_amount"]}
            rows = shop.rows(NAMES, by=(cut, "touch_window", "touch_rule"), **span)
            for name in NAMES:
                found: dict[tuple[str, str], dict[str, Decimal]] = {}
                for row in rows:
                    found.setdefault((row["touch_window"], row["touch_rule"]), {})[row[cut]] = row[name]
                assert len(found) == 8
                assert all({key: value for key, value in values.items() if value} == net for values in found.values()), (span, cut, name)


def test_parts_add_up_and_rows_are_the_figure(shop: Given) -> None:
    whole = shop.rows(NAMES, by="channel")
    parts = shop.rows(NAMES, by=("channel", "product", "region"))
    for name in NAMES:
        for row in whole:
            assert sum(part[name] for part in parts if part["channel"] == row["channel"]) == row[name]
            assert shop.warehouse.rows(name, {"channel": row["channel"]}, filters=shop.filters()).total == row[name]


def oracle(drawn: dict[str, list[dict[str, Any]]], window: int, reached: bool) -> pd.DataFrame:
    """Last, first and linear by pandas: one row per posting, columns method × channel, in exact cents (linear as a fraction)."""
    contacts = pd.DataFrame(drawn["contacts"]).assign(at=lambda frame: pd.to_datetime(frame["started_at"]))
    contacts = contacts[contacts["direction"] == "outbound"]
    if reached:
        said, message = contacts["outcome"], contacts["channel"].isin(["sms", "email"])
        contacts = contacts[said.isin(["conversation", "opted_out"]) | ((said == "delivered") & message) | ((said == "abandoned") & ~message)]
    payments = pd.DataFrame(drawn["payments"]).assign(amount=lambda frame: frame["amount"].astype(float))
    days = payments.set_index("payment_id")["paid_on"]
    payments["until"] = [days[row.reverses] if row.reverses else None if row.amount < 0 else row.paid_on for row in payments.itertuples(index=False)]
    rows = []
    for posting in payments.itertuples(index=False):
        mine = contacts[contacts["case_id"] == posting.case_id].sort_values("at", kind="stable")
        if posting.until is not None:
            age = (pd.Timestamp(posting.until) - mine["at"].dt.normalize()).dt.days
            mine = mine[(age >= 0) & (age <= window)]
        if posting.until is None or mine.empty:
            rows += [(method, "none", posting.amount) for method in ("last", "first", "linear")]
        else:
            rows += [("last", mine["channel"].iloc[-1], posting.amount), ("first", mine["channel"].iloc[0], posting.amount)]
            rows += [("linear", channel, posting.amount / len(mine)) for channel in mine["channel"]]
    return pd.DataFrame(rows, columns=["method", "channel", "amount"]).groupby(["method", "channel"])["amount"].sum()


@pytest.mark.parametrize("window", [7, 30, 60])
@pytest.mark.parametrize("rule", ["any", "reached"])
def test_rules_agree_with_pandas(shop: Given, drawn: dict[str, list[dict[str, Any]]], window: int, rule: str) -> None:
    due = oracle(drawn, window, rule == "reached")
    for row in shop.rows(NAMES, by="channel", touch_window=str(window), touch_rule=rule):
        for method in ("last", "first", "linear"):
            wanted = due.get((method, row["channel"]), 0.0)
            near = 0.005 if method != "linear" else 0.01 * len(drawn["payments"])
            assert float(row[f"attributed_{method}_amount"]) == pytest.approx(wanted, abs=near), (row["channel"], method)


def test_a_channel_that_no_cash_is_counted_to_has_no_cost_per_hundred() -> None:
    rows = with_cost([{"channel": "sms", "last": Decimal(500)}], [{"channel": "visit", "contact_cost": Decimal(90)}], "last")
    assert channel_costs(rows, "en", "CNY") == "Visit costs most: ¥90.00 in the period, and no net cash is counted to it"
