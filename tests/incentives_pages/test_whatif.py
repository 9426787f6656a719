"""Trying plans: fields are found and filled in, gains and losses add up, cliffs are found to the cent, a version is kept by right only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from dashboard.access import LOCAL_PERSON, Person, Scope
from dashboard.contract import ROOT
from dashboard.home import Home
from dashboard.incentives import planfile, runs, telling, whatif
from dashboard.incentives.inputs import Collector, Inputs, Payments
from dashboard.incentives.plan import Plan
from dashboard.incentives.problems import PlanError
from dashboard.warehouse import Warehouse

D = Decimal
MONTH = date(2026, 9, 1)
WHOLE = """
[plan]
id = "steps"
version = 1
valid_from = 2020-01-01
title = { en = "Steps", zh = "分档" }

[[step]]
id = "tiers"
kind = "tiers"
label = { en = "Tiers", zh = "分档" }
of = "cash"
mode = "whole"  # from = 7, a comment is no field
levels = [{ from = 0, rate = "0.5%" }, { from = 200000, rate = "0.8%" }, { from = 400000, rate = "1.2%" }]

[[step]]
id = "round"
kind = "round"
label = { en = "Rounding", zh = "取整" }
rule = "half_up"
to = 0.01
"""


def month(*cents: int) -> Inputs:
    """One collector a payment."""
    day = MONTH.toordinal()
    rows = [
        {"payment_id": f"P{n}", "team": "A", "holder": f"W{n}", "bucket": "M1", "cents": size, "paid_day": day, "posted_day": day, "origin_day": day}
        for n, size in enumerate(cents)
    ]
    people = tuple(Collector(f"W{n}", "A", "x") for n in range(len(cents)))
    return Inputs(MONTH, "d", "s", date(2026, 9, 30), "CNY", Payments.of(rows), people)


def tried(plan: Plan, *cents: int) -> whatif.Outcome:
    return whatif.tried(plan, [MONTH], lambda one, when: month(*cents))


def test_fields_are_found_and_filled_in() -> None:
    fields = whatif.fields(WHOLE)
    assert [(one.step, one.name, one.value, one.row) for one in fields] == [
        ("tiers", "from", "0", 'rate = "0.5%"'), ("tiers", "rate", "0.5%", "from = 0"), ("tiers", "from", "200000", 'rate = "0.8%"'),
        ("tiers", "rate", "0.8%", "from = 200000"), ("tiers", "from", "400000", 'rate = "1.2%"'), ("tiers", "rate", "1.2%", "from = 400000"),
    ]  # fmt: skip
    text = whatif.filled(WHOLE, {3: "1%", 4: "350000"})
    assert 'from = 200000, rate = "1%" }, { from = 350000, rate = "1.2%"' in text and planfile.parse(text).hash != planfile.parse(WHOLE).hash
    assert whatif.filled(WHOLE, {}) == WHOLE
    changed = whatif.altered(WHOLE, text)
    assert changed is not None and telling.figures(changed, planfile.parse(WHOLE), "en") == [
        {"step": "Tiers", "figure": "rate · from 200000", "before": "0.8%", "after": "1%"},
        {"step": "Tiers", "figure": "from · rate 1.2%", "before": "400000", "after": "350000"},
    ]
    bank = runs.known_plans().at("bank", MONTH)
    assert whatif.altered(WHOLE, bank.text) is None
    rows = telling.steps(planfile.parse(WHOLE), bank, "en", "CNY")
    assert rows[-1]["step"] == "Tiers" and rows[-1]["after"] is None and rows[0]["before"] is None


@pytest.mark.parametrize("name", ["bank", "agency", "flat"])
def test_every_field_of_the_shipped_plans_can_be_written_back(name: str) -> None:
    text = (ROOT / "data" / "rules" / "incentives" / f"{name}_1.toml").read_text(encoding="utf-8")
    fields = whatif.fields(text)
    assert len(fields) >= 6 and all(text[one.start : one.end].strip('"') == one.value for one in fields)
    assert whatif.filled(text, {number: one.value for number, one in enumerate(fields)}) == text
    steps = {step.id for step in planfile.parse(text).steps}
    assert {one.step for one in fields} <= steps
    for lang in ("en", "zh"):
        read = [telling.field(one, planfile.parse(text), lang) for one in fields]
        assert all(read) and not any("=" in name or "[" in name for name in read)


def test_cliffs_of_whole_amount_tiers_are_found_to_the_cent() -> None:
    """domain: at 200,000 the whole-amount pay is 1,600 where a cent less pays 1,000; at 400,000 it is 4,800 where a cent less pays 3,200."""
    points, cliffs = whatif.curve(planfile.parse(WHOLE), month(10_000_000), "W0", D(500_000))
    assert [(one.at, one.before, one.after) for one in cliffs] == [(D(200_000), D("1000.00"), D(1600)), (D(400_000), D("3200.00"), D(4800))]
    assert points[0] == (D(0), D(0)) and points[-1] == (D(500_000), D(6000))
    marginal = planfile.parse(WHOLE.replace('"whole"', '"marginal"'))
    points, cliffs = whatif.curve(marginal, month(10_000_000), "W0", D(500_000))
    assert cliffs == [] and dict(points)[D(500_000)] == D(3800)  # 1,000 + 1,600 + 1,200
    assert [pay for _, pay in points] == sorted(pay for _, pay in points)


def test_who_gains_and_who_loses_adds_up_to_the_difference() -> None:
    before, after = planfile.parse(WHOLE), planfile.parse(WHOLE.replace('"whole"', '"marginal"'))
    one, other = (tried(plan, 19_999_900, 20_000_000, 40_000_000) for plan in (before, after))
    rows = whatif.compared(one, other)
    assert [(row["collector"], row["before"], row["after"], row["change"]) for row in rows] == [
        ("W0", D("999.995").quantize(D("0.01")), D("1000.00"), D("0.00")), ("W1", D(1600), D(1000), D(-600)), ("W2", D(4800), D(2600), D(-2200)),
    ]  # fmt: skip
    assert sum((row["change"] for row in rows), D(0)) == other.total - one.total == D(-2800)
    assert one.cash == D("799999.00") and one.cost == one.total / one.cash
    assert telling.who_gains(rows, "en", "CNY") == "0 gain, 2 lose, 1 stay; at most ¥0.00 more, ¥2,200.00 less"
    assert "由 ¥7,400.00 减至 ¥4,600.00（−37.8%）" in telling.paid_otherwise(one, other, "zh", "CNY")


def test_cost_ahead_is_the_cost_ratio_times_the_forecast() -> None:
    outcome = tried(planfile.parse(WHOLE), 20_000_000)  # 1,600 of 200,000: 0.8%
    found = whatif.ahead(outcome, [(date(2026, 10, 1), 100_000.0, 80_000.0, 130_000.0), (date(2026, 11, 1), 50_000.0, -5.0, 60_000.0)])
    assert [(one.paid, one.low, one.high) for one in found] == [pytest.approx((800, 640, 1040)), pytest.approx((400, 0, 480))]
    said = [telling.ahead(found, found, budget, "en", "CNY") for budget in (None, 300.0, 600.0, 800.0)]
    assert [text.partition(";")[2] for text in said] == [
        "", " more than the budget of ¥600.00 even at the low end", " the budget of ¥1,200.00 lies within the band", " within the budget of ¥1,600.00 even at the high end",
    ]  # fmt: skip


def test_months_near_an_edge_come_with_their_edges() -> None:
    found = whatif.near_edges(tried(planfile.parse(WHOLE), 20_100_000, 39_000_000))
    assert [(who, value, tuple(edges)) for who, _, value, edges in found] == [
        ("W0", D(201_000), (D(200_000), D(400_000))), ("W1", D(390_000), (D(200_000), D(400_000)))
    ]  # fmt: skip


def test_a_month_that_can_t_be_run_is_said_and_the_others_go_on() -> None:
    plan = planfile.parse(WHOLE.replace('of = "cash"', 'of = "hours"'))
    outcome = tried(plan, 100)
    assert outcome.runs == () and outcome.refused[0][0] == MONTH and whatif.ahead(outcome, [(MONTH, 1.0, 1.0, 1.0)]) == []


def test_a_draft_is_kept_as_the_next_version_by_right_only(tmp_path: Path) -> None:
    kept, known = state.State(f"sqlite:///{tmp_path / 'state.db'}"), runs.known_plans(tmp_path)
    bank = known.at("bank", MONTH)
    draft = planfile.parse(whatif.filled(bank.text, {0: "90%"}))
    text = whatif.next_version(draft, known, date(2026, 11, 1))
    with pytest.raises(whatif.NotAllowed):
        whatif.keep(text, known, tmp_path, kept, Person("lead", Scope("leader", ("A",))))
    with pytest.raises(PlanError, match=r"plan\.version: got 1, expected 2"):
        whatif.keep(draft.text, known, tmp_path, kept, LOCAL_PERSON)
    assert not (tmp_path / "incentives").exists()
    made = whatif.keep(text, known, tmp_path, kept, LOCAL_PERSON)
    assert (made.version, made.valid_from) == (2, date(2026, 11, 1))
    again = runs.known_plans(tmp_path)
    assert again.at("bank", date(2026, 10, 1)).hash == bank.hash and again.at("bank", date(2026, 11, 1)).hash == made.hash
    assert kept.entries()[0].what == "pay.plan" and kept.entries()[0].who == "local"
    with pytest.raises(PlanError):
        whatif.keep(text, again, tmp_path, kept, LOCAL_PERSON)
    kept.close()


def test_the_page_compares_a_draft(loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{tmp_path / 'state.db'}")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["lang"] = "en"
    app.switch_page(str(ROOT / "pages" / "whatif.py")).run()
    assert not app.exception

    def titles() -> str:
        return " ".join(str(one.value) for one in app.markdown if str(one.value).startswith("####")).replace("\\", "")

    assert "Both pay" in titles() and "Nothing changes" in titles()
    rate = next(field for field in app.text_input if field.value == "1.0%")
    rate.set_value("9%")
    next(button for button in app.button if button.label == "Try it").click().run()
    assert not app.exception and " gain, 0 lose" in titles() and "Keep the draft as version 2" in titles()
    rate = next(field for field in app.text_input if field.value == "9%")
    rate.set_value("nine")
    next(button for button in app.button if button.label == "Try it").click().run()
    assert any("nine" in str(error.value) or "TOML" in str(error.value) for error in app.error) and " gain, 0 lose" in titles()


def test_the_page_is_for_who_sees_all_pay(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles that have the page see all pay; and a draft computes what a run of the month computes."""
    from dashboard.access import ROLES

    assert {name for name, role in ROLES.items() if "whatif" in role.pages} == {"manager", "hr"}
    assert all("pay_all" in ROLES[name].rights for name in ("manager", "hr"))
    warehouse = Warehouse(Home(loaded_home).info("sample"))
    outcome = whatif.tried(runs.known_plans().at("bank", MONTH), [MONTH], whatif.inputs_of(warehouse))
    assert outcome.total == runs.compute(warehouse, outcome.plan, MONTH)[0].total
