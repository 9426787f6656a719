"""A statement's workbook works out to the same cents with an evaluator of its own; its paper says the same, in both languages."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest

from dashboard import formats
from dashboard.contract import ROOT
from dashboard.home import Home
from dashboard.incentives import documents, engine, gathering, planfile, telling
from dashboard.incentives.documents import Behind, Paper
from dashboard.incentives.inputs import Adjustment, Collector, Complaint, Earned, Inputs, Payments, Remembered, Supply
from dashboard.incentives.plan import Plan
from dashboard.incentives.statement import Run
from dashboard.warehouse import Warehouse
from tests.incentives_pages.recalculating import Recalculated

D = Decimal
MONTH = date(2026, 9, 1)
PLANS = ("bank", "agency", "flat")


def plan_of(name: str, **changes: str) -> Plan:
    """A shipped plan's first version, some of its text replaced."""
    text = (ROOT / "data" / "rules" / "incentives" / f"{name}_1.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return planfile.parse(text)


def row(number: int, bucket: str, cents: int, **more: Any) -> dict[str, Any]:
    day = date(2026, 9, number % 28 + 1).toordinal()
    return {
        "payment_id": f"P{number:03}", "team": "A", "holder": "W1", "bucket": bucket, "product": "=1+1", "cents": cents,
        "paid_day": day, "posted_day": day, "origin_day": day, **more,
    }  # fmt: skip


def worked() -> Inputs:
    """A month in which every step moves: commission above target, a half gate, a team pool, a complaint, a claw-back, an adjustment."""
    days = {"moved_day": date(2026, 9, 1).toordinal(), "previous": "W2"}
    payments = [
        row(1, "M1", 11_000_033), row(2, "M2", 4_800_050, **days), row(3, "M3", 4_100_001), row(4, "M1", 11_000_000), row(5, "M2", 4_799_950),
        row(6, "M3", -1_200_000, reverses="P900", origin_day=date(2026, 7, 5).toordinal()),
    ]  # fmt: skip
    people = (
        Collector(
            "W1", "A", "Senior", worked_days=20, leave_days=2, qa_score_sum=D(160), qa_weight_sum=D(2), qa_reviews=2, trained_on=date(2026, 8, 1)
        ),
        Collector("W2", "A", "Junior", worked_days=17, leave_days=0, trained_on=date(2026, 8, 1)),
        Collector("W3", "A", "Junior", worked_days=6, leave_days=1, trained_on=date(2026, 8, 1)),
    )
    remembered = Remembered(
        earned=(Earned("P900", "W1", date(2026, 7, 1), D(1), D("0.01"), D("0.01")),),
        adjustments=(Adjustment("A1", "W1", D("12.345"), "bonus", "=HYPERLINK(1)", "hr"),),
        carried=(("W3", D("-15.5")),),
    )
    supplied = (Supply("collector:W1", "net_amount", D(200_000)), Supply("team:A", "net_amount", D(30_000)))
    return Inputs(
        MONTH, "drawn", "s1", date(2026, 10, 31), "CNY", Payments.of(payments), people, (Complaint("K1", "W1", "conduct"),), supplied, remembered
    )


def behind(inputs: Inputs) -> dict[str, Behind]:
    ids, days, cents = (inputs.payments.listed(name) for name in ("payment_id", "paid_day", "cents"))
    return {
        name: Behind(name, f"C{at}", date.fromordinal(day), None, D(amount).scaleb(-2))
        for at, (name, day, amount) in enumerate(zip(ids, days, cents, strict=True))
    }


def papers(run: Run, plan: Plan, known: dict[str, Behind], lang: str = "en", state: str = "locked") -> list[Paper]:
    return [Paper(one, run, plan, f"Name {one.collector}", state, lang, known, "R1") for one in run.statements]


def text(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return re.sub(r"\s", "", "".join(page.get_textpage().get_text_range() for page in document))


def recalculated(paper: Paper) -> tuple[Decimal, Recalculated]:
    book = Recalculated(documents.excel_file(paper))
    sheet = book.book.sheetnames[0]
    last = len(paper.statement.lines) + 2
    for number, line in enumerate(paper.statement.lines, start=2):
        assert abs(book.value(sheet, f"D{number}") - line.amount) < D("1e-9") and abs(book.value(sheet, f"E{number}") - line.total) < D("1e-9")
    found: Decimal = book.value(sheet, f"E{last}")
    return found, book


def test_every_step_of_a_full_month_recalculates_to_the_cent() -> None:
    plan, inputs = plan_of("bank"), worked()
    run = engine.run(plan, inputs)
    moved = {line.step for statement in run.statements for line in statement.lines if line.amount}
    assert {"commission", "accelerator", "quality", "team", "complaints", "clawback", "adjustments", "round"} <= moved
    for paper in papers(run, plan, behind(inputs)):
        amount, book = recalculated(paper)
        assert amount.quantize(D("0.01")) == paper.statement.amount == amount
        assert book.formulas() > 30


def test_a_changed_payment_changes_what_is_paid() -> None:
    """The formulas are live: with one payment's amount other, the sheet says what the engine says for that month."""
    plan, inputs = plan_of("bank"), worked()
    first = papers(engine.run(plan, inputs), plan, behind(inputs))[0]
    book = Recalculated(documents.excel_file(first))
    sheet = book.book["Payments"]
    place = next(cells[0].row for cells in sheet.iter_rows(min_row=2) if cells[0].value == "P003")
    sheet.cell(place, 6).value = 41_000.01 - 5_000  # less, so that it stays within the same tiers and bands
    before = first.statement.amount
    assert book.value("Statement", f"E{len(first.statement.lines) + 2}") < before


@pytest.mark.parametrize("rule", ["half_up", "half_even", "down", "up"])
@pytest.mark.parametrize(("cents", "to"), [(200_050, "0.01"), (200_150, "0.01"), (1_234_567, "0.1"), (125_000, "10")])
def test_every_rounding_rule(rule: str, cents: int, to: str) -> None:
    plan = plan_of("bank", **{'rule = "half_up"': f'rule = "{rule}"', "to = 0.01": f"to = {to}"})
    inputs = Inputs(MONTH, "d", "s", date(2026, 10, 31), "CNY", Payments.of([row(1, "M1", cents)]), (Collector("W1", "A", "x", worked_days=1, leave_days=0, trained_on=MONTH),))  # fmt: skip
    run = engine.run(plan, inputs)
    amount, _ = recalculated(papers(run, plan, behind(inputs))[0])
    assert amount == run.total


@pytest.fixture(scope="module")
def of_sample(loaded_home: Path) -> tuple[Warehouse, dict[str, Run], dict[str, Plan]]:
    home = Home(loaded_home)
    warehouse = Warehouse(home.info("sample"))
    plans = {name: plan_of(name) for name in PLANS}
    month = warehouse.info.as_of.replace(day=1)
    return warehouse, {name: engine.run(plan, gathering.gather(warehouse, plan, month)) for name, plan in plans.items()}, plans


@pytest.mark.parametrize("name", PLANS)
def test_every_statement_of_the_sample_recalculates(of_sample: tuple[Warehouse, dict[str, Run], dict[str, Plan]], name: str) -> None:
    warehouse, runs, plans = of_sample
    run = runs[name]
    known = documents.behind(warehouse, run.statements)
    assert set(known) >= {one for statement in run.statements for one in statement.payments()}
    for paper in papers(run, plans[name], known, lang="zh"):
        amount, _ = recalculated(paper)
        assert amount == paper.statement.amount
    assert sum((one.amount for one in run.statements), D(0)) == run.total


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_paper_says_every_figure_and_payment(lang: str) -> None:
    plan, inputs = plan_of("bank"), worked()
    run = engine.run(plan, inputs)
    paper = papers(run, plan, behind(inputs), lang, "reviewed")[0]
    said = text(documents.pdf_file([paper]))
    assert formats.full_amount(paper.statement.amount, "CNY") in said and run.result_hash[:16] in said
    for line in paper.statement.lines:
        assert telling.step(plan, line.step, lang).replace(" ", "") in said
        if line.amount:
            assert formats.full_amount(line.amount, "CNY") in said
    assert all(identifier in said for identifier in paper.statement.payments())
    assert ("已复核，尚未批准" if lang == "zh" else "REVIEWED,notyetapproved") in said
    steps = [step.name(lang).replace(" ", "") for step in plan.steps]
    order = said[said.index("步骤顺序" if lang == "zh" else "Orderofthesteps") :]
    assert [order.index(f"{number}.{name}") for number, name in enumerate(steps, 1)] == sorted(
        order.index(f"{n}.{s}") for n, s in enumerate(steps, 1)
    )


def test_an_estimate_says_so_loudly() -> None:
    plan, inputs = plan_of("bank"), worked()
    paper = papers(engine.run(plan, inputs), plan, behind(inputs), "en", "estimate")[0]
    assert documents.document(paper).mark == "ESTIMATE on data as of 31 Oct 2026: no approved run of this month yet."
    cells = [cell.value for cells in openpyxl.load_workbook(io.BytesIO(documents.excel_file(paper)))["Statement"].iter_rows() for cell in cells]
    assert documents.document(paper).mark in cells


def test_a_text_from_the_data_is_no_formula() -> None:
    plan, inputs = plan_of("bank"), worked()
    book = openpyxl.load_workbook(io.BytesIO(documents.excel_file(papers(engine.run(plan, inputs), plan, behind(inputs))[0])))
    formulas = [cell.value for sheet in book for cells in sheet.iter_rows() for cell in cells if cell.data_type == "f"]
    assert formulas and not any("HYPERLINK" in formula or formula == "=1+1" for formula in formulas)


def test_without_its_snapshot_a_statement_still_stands_with_its_ids() -> None:
    plan, inputs = plan_of("bank"), worked()
    paper = papers(engine.run(plan, inputs), plan, {})[0]
    amount, _ = recalculated(paper)
    assert amount == paper.statement.amount
    said = text(documents.pdf_file([paper]))
    assert "P003" in said and "nolongerkept" in said


def test_the_same_statement_makes_the_same_bytes() -> None:
    plan, inputs = plan_of("bank"), worked()
    paper = papers(engine.run(plan, inputs), plan, behind(inputs))[0]
    assert documents.excel_file(paper) == documents.excel_file(paper) and documents.pdf_file([paper]) == documents.pdf_file([paper])
