"""Legal caps: what each counts, by day and by rolling week, on tables drawn here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from dashboard.channels import caps, sentences
from dashboard.compliance.rules import Rule
from tests.conftest import Given

CASES = "case_id | customer_id | placed_on\nC1 | U1 | 2026-01-01\nC2 | U1 | 2026-01-01\nC3 | U2 | 2026-01-01"


def calls(*lines: tuple[str, str, str, str]) -> str:
    """case, day and hour, outcome, number."""
    rows = [f"K{n} | {case} | 2026-{when}:00:00 | {outcome} | {number}" for n, (case, when, outcome, number) in enumerate(lines)]
    return "\n".join(["contact_id | case_id | started_at | outcome | number_id", *rows])


def use(shop: Given, cap: Rule, start: str = "2026-02-01", until: str = "2026-02-28", **where: str) -> dict[str, Any]:
    found = caps.uses(shop.warehouse, **sentences.parameters(shop.filters(start, until, **where), None))
    return next(row for one, row in found if one.id == cap.id and row is not None)


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return {cap.id: cap for cap in caps.in_force(date(2026, 10, 31))}


def test_rules_begin_on_their_day() -> None:
    assert [[cap.id for cap in caps.in_force(date(2026, 1, day)) if cap.id == "cn_unanswered"] for day in (29, 30)] == [[], ["cn_unanswered"]]
    assert {cap.id for cap in caps.in_force(date(2025, 3, 1))} == {"cn_conversations", "us_calls", "au_contacts"}
    assert all(
        set(cap.source) == {"en", "zh"} and re.search("[一-鿿]", cap.source["zh"]) and cap.confidence in ("A", "B")
        for cap in caps.in_force(date(2026, 10, 31))
    )


def test_conversations_of_a_debtor_add_up_over_cases(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    """U1 has two talks on one case and one on the other, the cap; the unanswered don't count. U2 has four, one above."""
    shop = given(
        cases=CASES,
        contacts=calls(
            ("C1", "02-02 09", "conversation", "a"), ("C1", "02-02 10", "no_answer", "a"), ("C1", "02-02 11", "conversation", "a"),
            ("C2", "02-02 12", "conversation", "b"), *(("C3", f"02-03 {hour}", "conversation", "c") for hour in ("09", "10", "11", "12")),
        ),
        as_of="2026-02-28",
    )  # fmt: skip
    assert use(shop, rules["cn_conversations"]) == {"units": 2, "near_cap": 0, "at_cap": 1, "above_cap": 1, "most": 4}


def test_filters_choose_debtors_and_numbers_not_which_calls_count(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    """Four talks with U1 on one day, two by each team and on each of its products; U2 had one by team B. Whoever looks, U1 is above the cap."""
    lines = [("C1", "02-02 09", "a", "W1"), ("C1", "02-02 10", "a", "W2"), ("C2", "02-02 11", "a", "W1"), ("C2", "02-02 12", "a", "W2")]
    talks = [f"K{n} | {case} | 2026-{at}:00:00 | conversation | {number} | {who}" for n, (case, at, number, who) in enumerate(lines)]
    missed = [f"M{n} | C{1 + n % 2} | 2026-02-05 {8 + n:02}:00:00 | no_answer | a | W{1 + n % 2}" for n in range(7)]
    shop = given(
        cases="case_id | customer_id | placed_on | product\nC1 | U1 | 2026-01-01 | card\nC2 | U1 | 2026-01-01 | loan\nC3 | U2 | 2026-01-01 | loan",
        collectors="collector_id | team\nW1 | A\nW2 | B",
        contacts="\n".join(
            ["contact_id | case_id | started_at | outcome | number_id | collector_id", *talks, *missed, "K9 | C3 | 2026-02-03 09:00:00 | conversation | c | W2"]
        ),
        as_of="2026-02-28",
    )  # fmt: skip
    above = {"near_cap": 0, "at_cap": 0, "above_cap": 1}
    assert use(shop, rules["cn_conversations"], team="A") == {"units": 1, "most": 4, **above}
    assert use(shop, rules["cn_conversations"], product="loan") == {"units": 2, "most": 4, **above}
    assert use(shop, rules["cn_unanswered"], team="A") == {"units": 1, "most": 7, **above}
    assert use(shop, rules["cn_unanswered"], product="card") == {"units": 1, "most": 7, **above}
    assert use(shop, rules["au_contacts"], product="card")["units"] == 1  # a cap on cases looks at those of the product alone
    scoped = dict((cap.id, row) for cap, row in caps.uses(shop.warehouse, **sentences.parameters(shop.filters(), ["A"])))
    assert scoped["cn_conversations"] == {"units": 1, "most": 4, **above}
    # of the two numbers dialled A's people called one; what B's called on it counts all the same
    assert use(shop, rules["cn_unanswered"])["units"] == 2
    number = scoped["cn_unanswered"]
    assert number is not None and (number["units"], number["most"]) == (1, 7)


def test_the_rules_are_those_of_the_period(given: Callable[..., Given]) -> None:
    """The guideline on unanswered attempts is of 30 January 2026: December is not measured by it."""
    shop = given(cases=CASES.replace("2026-01-01", "2025-11-01"), contacts=calls(("C1", "02-02 09", "no_answer", "a")), as_of="2026-02-28")
    for until, known in (("2025-12-31", False), ("2026-02-28", True)):
        found = {cap.id for cap, _ in caps.uses(shop.warehouse, **sentences.parameters(shop.filters("2025-12-01", until), None))}
        assert ("cn_unanswered" in found) is known


def test_unanswered_count_per_number_and_day(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    lines = [("C1", f"02-02 {hour:02}", "no_answer", "a") for hour in range(8, 14)]  # six: the cap
    lines += [("C1", f"02-02 {hour:02}", "busy", "b") for hour in range(8, 13)]  # five on another number
    lines += [("C1", "02-03 09", "no_answer", "a"), ("C1", "02-02 20", "conversation", "a")]
    shop = given(cases=CASES, contacts=calls(*lines), as_of="2026-02-28")
    assert use(shop, rules["cn_unanswered"]) == {"units": 2, "near_cap": 1, "at_cap": 1, "above_cap": 0, "most": 6}
    assert use(shop, rules["cn_unanswered"], product="card")["units"] == 2 and use(shop, rules["cn_unanswered"], product="loan")["units"] == 0


def test_seven_calls_in_seven_days_roll_on(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    """C1: a call a day for eight days is seven in any seven; C3: three before the period and five in it, within seven days: eight."""
    lines = [("C1", f"02-{day:02} 09", "no_answer", "a") for day in range(2, 10)]
    lines += [("C1", "02-04 10", "busy", "a"), ("C1", "02-04 11", "not_in_service", "a")]  # not put through: not counted
    lines += [("C3", f"01-{day} 09", "voicemail", "c") for day in ("29", "30", "31")]
    lines += [("C3", f"02-01 {hour:02}", "voicemail", "c") for hour in range(9, 14)]
    shop = given(cases=CASES, contacts=calls(*lines), as_of="2026-02-28")
    assert use(shop, rules["us_calls"]) == {"units": 2, "near_cap": 0, "at_cap": 1, "above_cap": 1, "most": 8}


def test_where_nobody_comes_near_a_cap_the_most_is_still_told(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    """C1 has three calls on days far apart, C2 two on one day: the most in seven days is C2's, though C1 has more in all."""
    lines = [("C1", f"02-{day} 09", "no_answer", "a") for day in ("02", "12", "22")] + [
        ("C2", f"02-05 {hour}", "no_answer", "b") for hour in ("09", "10")
    ]
    shop = given(cases=CASES, contacts=calls(*lines), as_of="2026-02-28")
    assert use(shop, rules["us_calls"]) == {"units": 2, "near_cap": 0, "at_cap": 0, "above_cap": 0, "most": 2}
    assert use(shop, rules["cn_unanswered"]) == {"units": 2, "near_cap": 0, "at_cap": 0, "above_cap": 0, "most": 2}
    assert use(shop, rules["cn_conversations"])["most"] == 0
    assert use(shop, rules["us_calls"], start="2026-02-06", until="2026-02-10") == dict.fromkeys(("units", "near_cap", "at_cap", "above_cap"), 0) | {
        "most": None
    }


@pytest.mark.parametrize("length", [1, 7])
@pytest.mark.parametrize("cap", [1, 3, 7, 40])
def test_rolling_days_are_those_counted_one_by_one(length: int, cap: int) -> None:
    rng = np.random.default_rng(length * cap)
    units, days = rng.integers(1, 30, 400), rng.integers(1 - 7, 28, 400)
    counts = rng.random(400) < 0.6
    most = {}
    for unit in {int(one) for one in units[days >= 0]}:
        own, counted = days[units == unit], days[(units == unit) & counts]
        most[unit] = max(int(((counted > day - length) & (counted <= day)).sum()) for day in own[own >= 0])
    assert caps.use(units, days, counts, length, cap) == {
        "units": len(most), "near_cap": sum(one == cap - 1 for one in most.values()), "at_cap": sum(one == cap for one in most.values()),
        "above_cap": sum(one > cap for one in most.values()), "most": max(most.values()),
    }  # fmt: skip


def test_what_is_not_supplied_is_not_checkable(given: Callable[..., Given], rules: dict[str, Rule]) -> None:
    shop = given(cases=CASES, contacts="contact_id | case_id | started_at\nK1 | C1 | 2026-02-02 09:00:00", as_of="2026-02-28")
    assert not all(shop.warehouse.supplied(need) for need in caps.NEEDS[rules["cn_unanswered"].unit])
    found = {cap.id: (cap, row) for cap, row in caps.uses(shop.warehouse, **sentences.parameters(shop.filters(), None))}
    unchecked, checked = sentences.cap_rows([found["cn_unanswered"], found["us_calls"]], "en")
    assert "not checkable" in unchecked["checked"] and "units" not in unchecked
    assert checked["checked"] == "checked" and checked["above_cap_share"] == 0.0 and checked["above_cap_high"] > 0.5
