"""Months one after another on real snapshots: late reversals, corrections and late postings end up where they belong; nothing locked moves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from dashboard.access import Person, Scope
from dashboard.home import Home
from dashboard.incentives import engine, runs, sentences, telling
from dashboard.incentives.gathering import NotSupplied, Untied, gather, missing, staffed, tied
from dashboard.incentives.inputs import Inputs, Moved, Remembered, Texts
from dashboard.incentives.ledger import Ledger, Refused
from dashboard.incentives.plan import Plan
from dashboard.incentives.statement import Statement
from dashboard.state import State
from dashboard.warehouse import Warehouse
from tests.conftest import Given, close_all
from tests.drawn import write_export
from tests.incentives.paying import d, inputs, paid, plan
from tests.once import load_once

ANNA, BO = Person("anna", Scope("hr")), Person("bo", Scope("hr"))
RATES = '{ id = "rates", kind = "rate", table = [{ rate = "1%" }, { bucket = "M3", rate = "2%" }] }'
GATE = '{ id = "q", kind = "gate", on = "qa_score", bands = [{ at_least = 85, factor = 1 }, { factor = 0.5 }], missing = 1 }'
REST = ['{ id = "claw", kind = "clawback" }', '{ id = "diff", kind = "corrections" }', '{ id = "more", kind = "adjustments" }']
PLAN = plan(RATES, GATE, *REST, head="[eligible]\ncutoff_days = 5", ends="carry round")
WORLD = {
    "cases": """
        case_id | placed_on  | placed_balance | days_past_due
        C1      | 2025-12-05 | 90000          | 20
        C2      | 2026-02-20 | 90000          | 20
    """,
    "collectors": """
        collector_id | team | hired_on
        W1           | A    | 2020-01-01
        W2           | B    | 2020-01-01
    """,
    "assignments": """
        case_id | assigned_at         | collector_id
        C1      | 2025-12-05 08:00:00 | W1
        C2      | 2026-02-20 08:00:00 | W2
    """,
    "reviews": """
        collector_id | reviewed_on | score
        W1           | 2026-02-15  | 80
        W2           | 2026-02-15  | 90
    """,
}
FEBRUARY, MARCH, APRIL = date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)
PAYMENTS = """
    payment_id | case_id | paid_on    | amount   | posted_on  | reverses | method
    P1         | C1      | 2026-02-10 | 1000.00  | 2026-02-10 |          | bank
    P2         | C2      | 2026-02-25 | 600.00   | 2026-02-25 |          | bank
    P3         | C1      | 2026-02-27 | 300.00   | 2026-03-09 |          | bank
"""
LATER = """
    R1         | C1      | 2026-03-20 | -400.00  | 2026-03-20 | P1       | bank
    P4         | C1      | 2026-03-21 | 5000.00  | 2026-03-21 |          | bank
    P6         | C2      | 2026-03-10 | 5000.00  | 2026-03-10 |          | bank
"""
CORRECTED = {
    "payments": PAYMENTS.replace("| 600.00 ", "| 650.00 ") + "P5 | C2 | 2026-02-26 | 100.00 | 2026-02-27 | | bank",
    "reviews": WORLD["reviews"].replace("| 80", "| 86"),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Ledger(state)
    state.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Warehouse]]:
    """A snapshot of the world with further payments, and other tables changed; each is loaded once."""
    folder, made = tmp_path_factory.mktemp("shop"), dict[str, Warehouse]()
    homes: list[Home] = []

    def draw(more: str = "", **changed: str) -> Warehouse:
        tables = {**WORLD, "payments": PAYMENTS + more, **changed}
        key = str(tables)
        if key not in made:
            homes.append(Home(folder / f"home_{len(made)}"))
            export = write_export(folder / f"export_{len(made)}", tables, settings={"as_of": "2026-05-31", "name": '"shop"'})
            made[key] = Warehouse(homes[-1].info(snapshot=load_once(export, homes[-1]).snapshot))
        return made[key]

    yield draw
    for home in homes:
        close_all(home)


def closed(warehouse: Warehouse, ledger: Ledger, month: date, using: Plan = PLAN) -> dict[str, Statement]:
    run = runs.prepare(warehouse, using, month, ledger, ANNA).run
    ledger.review(run, ANNA)
    ledger.approve(run, BO)
    ledger.lock(run, BO)
    return {one.collector: one for one in ledger.result(run).statements}


def line(statement: Statement, step: str) -> tuple[str, Decimal]:
    found = next(one for one in statement.lines if one.step == step)
    return found.key.removeprefix("pay_line."), found.amount


def test_a_month_from_a_snapshot(shop: Callable[..., Warehouse]) -> None:
    run, inputs = runs.compute(shop(), PLAN, FEBRUARY)
    # C1 is 20 + 57 days past due when February opens: M3, so 1,000 at 2%, half for quality; C2 was placed in the month in M1
    assert [(one.collector, one.amount) for one in run.statements] == [("W1", d("10.00")), ("W2", d("6.00"))]
    assert [(tie.team, tie.net_cash, tie.credited, tie.uncredited) for tie in run.ties] == [
        ("A", d(1300), d(1000), (("posted_late", d(300)),)), ("B", d(600), d(600), ()),
    ]  # fmt: skip
    assert [group.cut for one in run.statements for group in one.credited] == [
        (("bucket", "M3"), ("product", "card")), (("bucket", "M1"), ("product", "card")),
    ]  # fmt: skip
    assert engine.run(PLAN, inputs) == run
    march, _ = runs.compute(shop(), PLAN, MARCH)  # the late posting counts now, at the bucket of the month it was paid in: M3
    assert [(one.collector, one.amount) for one in march.statements] == [("W1", d("6.00")), ("W2", d("0.00"))]
    assert [(tie.team, tie.net_cash, tie.credited) for tie in march.ties] == [("A", d(0), d(300))]


@pytest.mark.parametrize(
    ("head", "month", "left"),
    [
        ('[credit]\nrule = "payment"', MARCH, {}),  # P1 is W2's own, on W1's case
        ('[eligible]\nrule = [{ method = "direct", share = 0, reason = "client_direct" }]', MARCH, {"client_direct": d(0)}),
        ("[eligible]\ncutoff_days = 5", MARCH, {"brought_forward": d(-700)}),  # P0 of February, in M3, posted too late for it; R0 when C1 is in M4
    ],
)
def test_a_reversal_goes_by_what_its_payment_went_by(given: Callable[..., Given], head: str, month: date, left: dict[str, Decimal]) -> None:
    """A bank's returns name the payment and nothing else: neither who took it nor how it was made. What was taken back wholly pays nothing."""
    tables = {name: text for name, text in WORLD.items() if name != "reviews"}
    payments = {
        "P0": "P0 | C1 | 2026-02-26 | 2026-03-20 | 700  |    | bank   |",
        "P1": "P1 | C1 | 2026-03-02 | 2026-03-02 | 1000 |    | direct | W2",
        "R0": "R0 | C1 | 2026-03-25 | 2026-03-25 | -700 | P0 |        |",
        "R1": "R1 | C1 | 2026-03-25 | 2026-03-25 | -1000 | P1 |        |",
    }
    head_line = "payment_id | case_id | paid_on | posted_on | amount | reverses | method | collector_id"
    chosen = ("P0", "R0") if "cutoff" in head else ("P1", "R1")
    shop = given(**tables, payments="\n".join([head_line, *(payments[one] for one in chosen)]), as_of="2026-04-30")
    rates = plan(
        '{ id = "rates", kind = "rate", table = [{ rate = "1%" }, { bucket = "M3", rate = "2%" }, { bucket = "M4", rate = "5%" }] }', head=head
    )
    run, _ = runs.compute(shop.warehouse, rates, month)
    assert {one.collector: one.amount for one in run.statements} == {"W1": d("0.00"), "W2": d("0.00")}
    assert {one.reason: one.cash for one in run.uncredited} == left


def test_whom_a_case_came_from(given: Callable[..., Given]) -> None:
    """C1 from W1 the day before, C2 after days with nobody, C3 from its own collector, C4 from none."""
    payments = "payment_id | case_id | paid_on | amount\n" + "\n".join(f"P{n} | C{n} | 2026-03-10 | 10.00" for n in range(1, 5))
    shop = given(
        cases="case_id | placed_on\n" + "\n".join(f"C{n} | 2026-01-05" for n in range(1, 5)),
        collectors=WORLD["collectors"],
        assignments="""
            case_id | assigned_at         | collector_id | released_at
            C1      | 2026-01-05 08:00:00 | W1           |
            C1      | 2026-03-05 08:00:00 | W2           |
            C2      | 2026-01-05 08:00:00 | W1           | 2026-02-20 08:00:00
            C2      | 2026-03-05 08:00:00 | W2           |
            C3      | 2026-01-05 08:00:00 | W2           |
            C3      | 2026-03-05 08:00:00 | W2           |
            C4      | 2026-01-05 08:00:00 | W2           |
        """,
        payments=payments,
        as_of="2026-03-31",
    ).warehouse
    found = gather(shop, plan(RATES), MARCH).payments
    moved = date(2026, 3, 5).toordinal()
    assert [*zip(found.listed("payment_id"), found.listed("holder"), found.listed("previous"), found.listed("moved_day"), strict=True)] == [
        ("P1", "W2", "W1", moved), ("P2", "W2", "", 0), ("P3", "W2", "", moved), ("P4", "W2", "", 0),
    ]  # fmt: skip


def test_texts_by_number_are_the_texts(shop: Callable[..., Warehouse]) -> None:
    """What postings are told apart by comes as numbers of all there is in any month; each column holds those of its rows, sorted."""
    assert [column.tolist() for column in Texts.numbered(np.array([2, 0, 2]), ["a", "b", "c"])] == [[1, 0, 1], ["a", "c"]]
    assert [column.tolist() for column in Texts.numbered(np.array([], dtype=np.int32), [])] == [[], []]
    for month in (FEBRUARY, MARCH):
        payments = gather(shop(), PLAN, month).payments
        assert len(payments)
        for name, column in payments.texts.items():
            again = Texts.of(column.rows())
            assert (column.codes.tolist(), column.values.tolist()) == (again.codes.tolist(), again.values.tolist()), name


def test_a_reversal_is_taken_back_at_the_rate_it_earned(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    first = closed(shop(), ledger, FEBRUARY)
    locked = ledger.result_text(1)
    assert first["W1"].amount == d("10.00")
    late = shop(LATER)
    second = closed(late, ledger, MARCH)
    # 400 of the 1,000 that earned 2% × 0.5 in February: 4.00, whatever March pays
    assert line(second["W1"], "claw") == ("clawback", d("-4.00"))
    assert line(second["W1"], "diff") == ("corrections_none", d(0))
    assert ledger.result_text(1) == locked and ledger.verify() == []
    assert [(one.reason, one.cash) for one in ledger.result(2).uncredited if one.reason == "clawed_back"] == [("clawed_back", d(-400))]


def test_corrections_of_a_locked_month_are_lines_of_the_open_one(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    closed(shop(), ledger, FEBRUARY)
    locked = ledger.result_text(1)
    corrected = shop(**CORRECTED)
    march = closed(corrected, ledger, MARCH)
    # W1 passed the gate after all: 20.00 instead of 10.00; W2 had 750 instead of 600
    assert line(march["W1"], "diff") == ("corrections", d("10.00")) and line(march["W2"], "diff") == ("corrections", d("1.50"))
    part = next(one for one in march["W1"].lines if one.step == "diff").parts[0]
    assert part.cut == (("month", "2026-02"), ("paid", "10.00"), ("due", "20.00"))
    april = closed(corrected, ledger, APRIL)  # settled once, not every month
    assert {name: line(one, "diff") for name, one in april.items()} == dict.fromkeys(("W1", "W2"), ("corrections_none", d(0)))
    back = shop()  # and the correction itself corrected
    may = closed(back, ledger, date(2026, 5, 1))
    assert line(may["W1"], "diff") == ("corrections", d("-10.00")) and may["W1"].carried == d("-10.00")
    assert ledger.result_text(1) == locked


def test_a_reversal_that_comes_in_after_its_month_was_locked(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    for month in (FEBRUARY, MARCH):
        closed(shop(), ledger, month)
    # R1 of 20 March was not known when March was locked; with P4 and P6 it is a difference of March, not of April
    april = closed(shop(LATER), ledger, APRIL)
    march, _ = runs.compute(shop(LATER), PLAN, MARCH)
    assert line(april["W1"], "claw") == ("clawback_none", d(0))
    more = march.statements[0].amount - ledger.result(2).statements[0].amount
    assert line(april["W1"], "diff") == ("corrections", more - d("4.00"))


def test_a_promotion_pays_nothing_for_the_past(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    graded = plan('{ id = "base", kind = "fixed", table = [{ amount = 10 }, { grade = "senior", amount = 20 }] }', *REST, ends="carry round")
    closed(shop(), ledger, FEBRUARY, graded)
    promoted = shop(collectors=WORLD["collectors"].replace("hired_on", "hired_on   | grade").replace("2020-01-01", "2020-01-01 | senior"))
    march = closed(promoted, ledger, MARCH, graded)
    assert (march["W1"].amount, line(march["W1"], "diff")) == (d("20.00"), ("corrections_none", d(0)))


def test_any_past_run_comes_out_again_bit_for_bit(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    warehouse = shop()
    for month in (FEBRUARY, MARCH):
        closed(warehouse, ledger, month)
    for record in ledger.records():
        assert runs.again(ledger, record.run).to_json() == ledger.result_text(record.run)
    assert runs.compute(warehouse, PLAN, FEBRUARY)[0].to_json() == ledger.result_text(1)


def test_a_balance_goes_on_to_the_next_month(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    ledger.adjust("shop", FEBRUARY, "p", "W2", d(-20), ANNA, "advance")
    warehouse = shop(LATER)
    assert (closed(warehouse, ledger, FEBRUARY)["W2"].carried, closed(warehouse, ledger, MARCH)["W2"].amount) == (d(-14), d("36.00"))


def test_a_correction_of_a_month_that_carried_a_balance(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    """W1's February: 10.00 − 15 leaves −5 to carry. Corrected to 20.00 it would have paid 5.00 and carried nothing: 10.00 more in all."""
    ledger.adjust("shop", FEBRUARY, "p", "W1", d(-15), ANNA, "advance")
    assert closed(shop(), ledger, FEBRUARY)["W1"].carried == d(-5)
    march = closed(shop(**CORRECTED), ledger, MARCH)["W1"]
    assert line(march, "diff") == ("corrections", d("10.00"))
    assert march.amount == d("11.00")  # 6.00 of its own, 10.00 of February, less the 5 that were carried


def test_what_is_not_supplied_is_named(given: Callable[..., Given]) -> None:
    bare = given(cases=WORLD["cases"], payments=PAYMENTS, as_of="2026-03-31").warehouse
    assert missing(PLAN, bare) == ("assignments", "collectors", "reviews")
    with pytest.raises(NotSupplied, match="assignments, collectors, reviews"):
        gather(bare, PLAN, MARCH)


def test_without_the_day_of_the_verdict_no_complaint_can_be_put_in_a_month(given: Callable[..., Given]) -> None:
    """Not as if there had been none."""
    deduct = '{ id = "less", kind = "deduct", table = [{ amount = 50 }] }'
    complaints = "complaint_id | received_at | collector_id | category | upheld\nK1 | 2026-03-03 10:00:00 | W1 | x | true"
    tables = {**WORLD, "payments": PAYMENTS, "complaints": complaints}
    shop = given(**tables, as_of="2026-03-31").warehouse
    assert missing(plan(RATES, deduct, ends="carry round"), shop) == ("complaints.resolved_at",)
    received = plan(RATES, deduct, head='[conduct]\ncomplaint_day = "received_at"', ends="carry round")
    assert missing(received, shop) == () and [one.collector for one in gather(shop, received, MARCH).complaints] == ["W1"]


def test_upheld_complaints_without_their_day_are_told_of(given: Callable[..., Given]) -> None:
    """K2 and K3 say nothing of when they were upheld, K4 came in later, K5 is nobody's who is paid here."""
    deduct = '{ id = "less", kind = "deduct", table = [{ amount = 50 }] }'
    complaints = """
        complaint_id | received_at         | collector_id | upheld | resolved_at
        K1           | 2026-03-03 10:00:00 | W1           | true   | 2026-03-10 10:00:00
        K2           | 2026-03-03 10:00:00 | W1           | true   |
        K3           | 2026-02-03 10:00:00 | W1           | true   |
        K4           | 2026-04-03 10:00:00 | W1           | true   |
        K5           | 2026-03-03 10:00:00 |              | true   |
        K6           | 2026-03-03 10:00:00 | W1           | false  |
        K7           | 2026-03-03 10:00:00 | W2           | true   |
    """
    shop = given(**{**WORLD, "payments": PAYMENTS, "complaints": complaints}, as_of="2026-04-30").warehouse
    using = plan(RATES, deduct, head='applies = { team = ["A"] }', ends="carry round")
    run, made = runs.compute(shop, using, MARCH)
    assert [one.id for one in made.complaints] == ["K1"] and dict(run.notes)["complaints_undated"] == "2"
    assert "(2)" in sentences.note(("complaints_undated", "2"), "en") and "属实投诉" in sentences.note(("complaints_undated", "2"), "zh")
    received = plan(RATES, deduct, head='[conduct]\ncomplaint_day = "received_at"', ends="carry round")
    assert "complaints_undated" not in dict(runs.compute(shop, received, MARCH)[0].notes)


def test_a_case_that_has_left_is_no_caseload(given: Callable[..., Given]) -> None:
    """Where an export never says that a case was released, it is held until it leaves: C1 for ten days of March, C2 for all 31."""
    shop = given(
        cases="""
            case_id | placed_on  | closed_on  | close_reason
            C1      | 2025-12-05 | 2026-03-10 | paid
            C2      | 2025-12-05 |            |
            C3      | 2025-12-05 | 2026-02-10 | recalled
        """,
        collectors="collector_id | team | hired_on\nW1 | A | 2020-01-01",
        assignments="case_id | assigned_at | collector_id\nC1 | 2025-12-05 | W1\nC2 | 2025-12-05 | W1\nC3 | 2025-12-05 | W1",
        payments="case_id | paid_on | amount\nC2 | 2026-03-03 | 10", as_of="2026-03-31",
    ).warehouse  # fmt: skip
    (who,) = gather(shop, plan(RATES), MARCH).collectors
    assert who.case_days == 10 + 31


def test_months_asked_for_together_are_those_asked_for_alone(given: Callable[..., Given]) -> None:
    """March runs until its 20th day: W1 holds C1 on all of its days so far, W2 took C2 over on the 11th, W3 came in March."""
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 90\nC2 | 2026-01-05 | 90",
        collectors="collector_id | team | hired_on\nW1 | A | 2020-01-01\nW2 | B | 2020-01-01\nW3 | B | 2026-03-02",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 | W1\nC2 | 2026-01-05 | W1\nC2 | 2026-03-11 | W2",
        attendance="collector_id | worked_on | productive_hours\nW1 | 2026-01-06 | 7.5\nW1 | 2026-02-03 | 8\nW1 | 2026-03-03 | 6.25\nW2 | 2026-02-03 | 5",
        reviews="collector_id | reviewed_on | score\nW1 | 2026-01-31 | 80\nW2 | 2026-02-01 | 90",
        trainings="collector_id | taken_on | course | kind | passed\nW1 | 2026-02-28 | L1 | law | yes\nW2 | 2026-03-01 | L1 | law | yes",
        payments="case_id | paid_on | amount\nC2 | 2026-03-03 | 10", as_of="2026-03-20",
    ).warehouse  # fmt: skip
    months = [date(2026, month, 1) for month in (1, 2, 3)]
    together = staffed(shop, ["law"], months[0], months[-1])
    assert together == {month: staffed(shop, ["law"], month, month)[month] for month in months}
    told = {(one.id, month.month): one for month, people in together.items() for one in people}
    assert [told["W1", month].case_days for month in (1, 2, 3)] == [27 * 2, 28 * 2, 20 + 10] and told["W2", 3].case_days == 10
    assert [told["W1", month].hours for month in (1, 2, 3)] == [d("7.5"), d("8"), d("6.25")] and told["W2", 1].hours is None
    assert [told["W2", month].qa_reviews for month in (1, 2)] == [0, 1]
    assert [told["W1", month].trained_on for month in (1, 2, 3)] == [None, date(2026, 2, 28), date(2026, 2, 28)]
    assert [told["W2", month].trained_on for month in (2, 3)] == [None, date(2026, 3, 1)]


def test_a_talk_that_was_handed_on_is_a_talk(given: Callable[..., Given]) -> None:
    """As it is everywhere else: who talked with the debtor and then transferred the call has talked with them."""
    shop = given(
        **WORLD, payments=PAYMENTS, as_of="2026-02-28",
        contacts="case_id | started_at | outcome | party | collector_id\nC1 | 2026-02-09 10:00:00 | transferred | debtor | W2",
    ).warehouse  # fmt: skip
    using = plan(RATES, head='[credit]\nrule = "right_party"\nwithin_days = 14')
    found = gather(shop, using, FEBRUARY).payments
    assert dict(zip(found.listed("payment_id"), found.listed("talker"), strict=True))["P1"] == "W2"


def test_a_run_that_does_not_tie_is_not_paid(shop: Callable[..., Warehouse]) -> None:
    warehouse, other = shop(), shop(**CORRECTED)
    run, _ = runs.compute(warehouse, PLAN, FEBRUARY)
    with pytest.raises(Untied, match="net cash by team"):
        tied(run, other)


def test_touches_talks_and_transfers_come_from_the_data(shop: Callable[..., Warehouse]) -> None:
    contacts = """
        contact_id | case_id | started_at          | collector_id | outcome      | party   | direction
        K1         | C1      | 2026-01-11 10:00:00 | W1           | no_answer    |         | outbound
        K2         | C2      | 2026-02-24 10:00:00 | W1           | conversation | debtor  | outbound
        K3         | C2      | 2026-02-24 11:00:00 | W2           | conversation | related | outbound
        K4         | C2      | 2026-02-26 10:00:00 | W2           | conversation | debtor  | outbound
    """
    moved = """
        case_id | assigned_at         | collector_id | released_at
        C1      | 2025-12-05 08:00:00 | W2           | 2026-02-04 08:00:00
        C1      | 2026-02-05 08:00:00 | W1           |
        C2      | 2026-02-20 08:00:00 | W2           |
    """
    warehouse = shop(contacts=contacts, assignments=moved)

    def paid(head: str) -> dict[str, Decimal]:
        using = plan('{ id = "rates", kind = "rate", table = [{ rate = "1%" }] }', head=head)
        return {one.collector: one.amount for one in runs.compute(warehouse, using, FEBRUARY)[0].statements}

    assert paid("") == {"W1": d("13.00"), "W2": d("6.00")}
    # P1 on the 10th is the sixth day after C1 went from W2 to W1, P3 on the 27th long after
    assert paid('[credit]\ntransfer_days = 6\ntransfer_share = "70%"') == {"W1": d("10.00"), "W2": d("9.00")}
    assert paid('[credit]\ntransfer_days = 5\ntransfer_share = "70%"') == {"W1": d("13.00"), "W2": d("6.00")}
    # the last talk with the debtor before P2 was W1's
    assert paid('[credit]\nrule = "right_party"\nwithin_days = 30') == {"W1": d("19.00"), "W2": d("0.00")}
    # attempts: W1's on 11 January is 30 days before P1 and too old for P3; of conversations W2 had one with a relative
    worked = '[eligible]\ntouch = "{}"\ntouch_days = 30\nrule = [{{ touch = "self_cure", share = 0, reason = "self_cure" }}]'
    assert paid(worked.format("attempt")) == {"W1": d("10.00"), "W2": d("6.00")}
    assert paid(worked.format("conversation")) == {"W1": d("0.00"), "W2": d("6.00")}
    assert paid(worked.format("right_party")) == {"W1": d("0.00"), "W2": d("0.00")}


def test_a_reversal_goes_with_the_talk_before_its_payment(given: Callable[..., Given]) -> None:
    """However long ago that was; a talk since then, with somebody else, has nothing to do with it."""
    warehouse = given(
        cases="case_id | placed_on\nC1 | 2025-12-01", collectors="collector_id | team\nW1 | A\nW2 | A",
        assignments="case_id | assigned_at | collector_id\nC1 | 2025-12-01 | W1",
        contacts="""
            case_id | started_at          | collector_id | outcome      | party  | direction
            C1      | 2026-01-08 10:00:00 | W2           | conversation | debtor | outbound
            C1      | 2026-03-05 10:00:00 | W1           | conversation | debtor | outbound
        """,
        payments="""
            payment_id | case_id | paid_on    | amount | kind     | reverses
            P1         | C1      | 2026-01-10 | 100    | payment  |
            P2         | C1      | 2026-03-12 | -100   | reversal | P1
            P3         | C1      | 2026-03-10 | 50     | payment  |
        """,
        as_of="2026-03-31",
    ).warehouse  # fmt: skip
    using = plan('{ id = "rates", kind = "rate", table = [{ rate = "1%" }] }', head='[credit]\nrule = "right_party"\nwithin_days = 14')
    found = gather(warehouse, using, MARCH).payments
    talks = zip(found.listed("talker"), map(date.fromordinal, found.listed("talked_day")), strict=True)
    assert dict(zip(found.listed("payment_id"), talks, strict=True)) == {"P2": ("W2", date(2026, 1, 8)), "P3": ("W1", date(2026, 3, 5))}


# --- a balance follows the person ------------------------------------------------------------------------------------------------

ONE, MORE = '{ id = "rates", kind = "rate", table = [{ rate = "1%" }] }', '{ id = "more", kind = "adjustments" }'
JUNIOR = plan(ONE, MORE, head='applies = { grade = ["junior"] }', ends="carry round")
SENIOR = plan(ONE.replace("1%", "2%"), MORE, name="q", head='applies = { grade = ["senior"] }', ends="carry round")
NOTHING_CARRIED = plan(ONE.replace("1%", "2%"), name="n", head='applies = { grade = ["senior"] }')
GRADES = """
    collector_id | team | hired_on   | grade
    W1           | A    | 2020-01-01 | {}
    W2           | B    | 2020-01-01 | junior
"""


def moved(shop: Callable[..., Warehouse], ledger: Ledger) -> tuple[Warehouse, Warehouse]:
    """W1's February as a junior is locked: 1,300 at 1% is 13.00, less 63, leaves −50. Snapshots in which W1 is a junior, and a senior."""
    junior, senior = (shop(LATER, collectors=GRADES.format(grade)) for grade in ("junior", "senior"))
    ledger.adjust("shop", FEBRUARY, "p", "W1", d(-63), ANNA, "advance")
    february = closed(junior, ledger, FEBRUARY, JUNIOR)
    assert {name: (one.amount, one.carried) for name, one in february.items()} == {"W1": (d("0.00"), d(-50)), "W2": (d("6.00"), d(0))}
    return junior, senior


def test_a_balance_follows_the_person_to_another_plan(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    junior, senior = moved(shop, ledger)
    march = closed(senior, ledger, MARCH, SENIOR)
    assert set(march) == {"W1"} and march["W1"].amount == d("50.00")  # 5,000 at 2% is 100.00, less the 50 of February under the other plan
    carry = next(one for one in march["W1"].lines if one.step == "carry")
    assert (carry.amount, carry.total, carry.value("brought")) == (d("-50.00"), d("50.00"), d(-50))
    assert sentences.line(carry, "en", "CNY") == "−¥50.00 brought in from 2026-02 under plan p is settled: the balance came along with the move"
    assert sentences.line(carry, "zh", "CNY") == "2026-02 方案 p 结转 −¥50.00 已结清：余额随人转入本方案"
    assert telling.of(carry.parts[0], carry, SENIOR, "en", "CNY") == "balance brought in · plan p · Feb 2026"
    other = closed(senior, ledger, MARCH, JUNIOR)
    assert {name: one.amount for name, one in other.items()} == {"W2": d("50.00")}  # 5,000 at 1%; what W1 owes isn't W2's
    back = closed(junior, ledger, APRIL, JUNIOR)
    assert line(back["W1"], "carry") == ("carry_none", d(0))  # March settled it: February's balance doesn't come back with the person
    for record in ledger.records():
        assert runs.again(ledger, record.run).to_json() == ledger.result_text(record.run)
    assert ledger.verify() == []


def test_what_is_not_settled_goes_on(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    _, senior = moved(shop, ledger)
    april = closed(senior, ledger, APRIL, SENIOR)["W1"]
    carry = next(one for one in april.lines if one.step == "carry")
    assert (april.amount, april.carried, carry.key) == (d("0.00"), d(-50), "pay_line.carry_to_moved")  # nothing was collected in April
    may = closed(senior, ledger, date(2026, 5, 1), SENIOR)["W1"]
    assert (line(may, "carry")[0], may.carried) == ("carry_to", d(-50))  # from now on it is this plan's own


def test_a_balance_waits_where_nothing_is_carried(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    _, senior = moved(shop, ledger)
    march, _ = runs.compute(senior, NOTHING_CARRIED, MARCH, ledger)
    assert march.statements[0].amount == d("100.00") and march.notes == (("balance_waits", "W1"),)
    closed(senior, ledger, MARCH, NOTHING_CARRIED)
    april = closed(senior, ledger, APRIL, SENIOR)["W1"]
    assert (line(april, "carry")[0], april.carried) == ("carry_to_moved", d(-50))


def test_a_month_waits_for_the_earlier_one_of_the_other_plan(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    junior, senior = (shop(LATER, collectors=GRADES.format(grade)) for grade in ("junior", "senior"))
    ledger.adjust("shop", FEBRUARY, "p", "W1", d(-63), ANNA, "advance")
    first = runs.prepare(junior, JUNIOR, FEBRUARY, ledger, ANNA).run
    second = runs.prepare(senior, SENIOR, MARCH, ledger, ANNA).run
    ledger.review(second, ANNA)
    ledger.approve(second, BO)
    with pytest.raises(Refused) as caught:
        ledger.lock(second, BO)
    assert (caught.value.code, caught.value.values["other"]) == ("earlier_open", first)
    ledger.review(first, ANNA)
    ledger.approve(first, Person("cy", Scope("hr")))
    ledger.lock(first, BO)
    with pytest.raises(Refused) as caught:  # prepared before February's balance was known
        ledger.lock(second, BO)
    assert caught.value.code == "earlier_changed"
    ledger.withdraw(second, BO, "prepare again")
    assert closed(senior, ledger, MARCH, SENIOR)["W1"].amount == d("50.00")


def test_a_balance_is_settled_once(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    """April of the new plan is locked before March of the old one: what April took isn't taken again."""
    junior, senior = moved(shop, ledger)
    closed(senior, ledger, APRIL, SENIOR)
    late, _ = runs.compute(junior, JUNIOR, MARCH, ledger)
    mine = late.statement("W1")
    assert mine is not None and (mine.amount, mine.carried) == (d("50.00"), d(0))  # 5,000 at 1%
    assert ("balance_settled", "W1") in late.notes


CORRECTING = '{ id = "diff", kind = "corrections" }'
JUNIOR_C = plan(ONE, CORRECTING, head='applies = { grade = ["junior"] }', ends="carry round")
SENIOR_C = plan(ONE.replace("1%", "2%"), CORRECTING, name="q", head='applies = { grade = ["senior"] }', ends="carry round")


def test_a_correction_follows_the_person_to_another_plan(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    """W1's February as a junior: 1,300 at 1%. P5 of 100 turns out when W1 is a senior: the 1.00 is due at the rate of then, once."""
    late = PAYMENTS + "P5 | C1 | 2026-02-26 | 100.00 | 2026-02-27 | | bank"
    junior, senior = shop(collectors=GRADES.format("junior")), shop(collectors=GRADES.format("senior"), payments=late)
    closed(junior, ledger, FEBRUARY, JUNIOR_C)
    early = runs.prepare(senior, SENIOR_C, APRIL, ledger, ANNA).run
    march = closed(senior, ledger, MARCH, SENIOR_C)
    assert line(march["W1"], "diff") == ("corrections", d("1.00"))
    ledger.withdraw(early, BO, "prepare again")
    assert line(closed(senior, ledger, APRIL, SENIOR_C)["W1"], "diff") == ("corrections_none", d(0))
    again = shop(collectors=GRADES.format("junior"), payments=late)  # settled by the other plan
    assert line(closed(again, ledger, date(2026, 5, 1), JUNIOR_C)["W1"], "diff") == ("corrections_none", d(0))


def test_a_correction_is_not_paid_by_two_plans(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    """Two plans' months both find the difference while neither is locked: the second to be locked has to be prepared again."""
    late = PAYMENTS + "P5 | C1 | 2026-02-26 | 100.00 | 2026-02-27 | | bank"
    junior, senior = (shop(collectors=GRADES.format(grade), payments=late) for grade in ("junior", "senior"))
    closed(shop(collectors=GRADES.format("junior")), ledger, FEBRUARY, JUNIOR_C)
    april = runs.prepare(senior, SENIOR_C, APRIL, ledger, ANNA).run
    ledger.review(april, ANNA)
    ledger.approve(april, BO)
    assert line(closed(junior, ledger, MARCH, JUNIOR_C)["W1"], "diff") == ("corrections", d("1.00"))
    with pytest.raises(Refused) as caught:
        ledger.lock(april, BO)
    assert caught.value.code == "earlier_changed"


def test_a_balance_stays_in_its_currency_and_data_set(shop: Callable[..., Warehouse], ledger: Ledger) -> None:
    moved(shop, ledger)
    assert ledger.balances("shop", "q", MARCH, "CNY", ["W1", "W2"]).carried == {"W1": d(-50)}
    assert ledger.balances("shop", "q", MARCH, "EUR", ["W1", "W2"]).carried == {}
    assert ledger.balances("other", "q", MARCH, "CNY", ["W1", "W2"]).carried == {}
    assert ledger.balances("shop", "q", FEBRUARY, "CNY", ["W1", "W2"]).carried == {}


def test_what_was_sealed_before_balances_moved_is_sealed_alike() -> None:
    """Hashes that were written before a balance could come from another plan."""
    given = inputs([paid("P1", 100)], remembered=Remembered(carried=(("W1", d("-30.5")),)))
    assert '"moved"' not in given.to_json() and Inputs.from_json(given.to_json()).to_json() == given.to_json()
    along = replace(given, moved=(Moved("W1", "q", FEBRUARY),))
    assert Inputs.from_json(along.to_json()).moved == along.moved and along.hash != given.hash
    assert given.hash == "e46b87ba95f25c95cec07f04b90fd68b3002e4904fa49d03ba22e5b9732c74e6"
    assert hashlib.sha256(given.to_json().encode()).hexdigest() == "a3e35598637999a67945fb48fa533eb7871370fef948c1533ccf7c2ed1e295a6"
    assert engine.run(PLAN, given).result_hash == "620b3a5201aa2e1dafe46520fc328558feaf3285fcc162ccd6f73807854e7779"
