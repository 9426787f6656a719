"""A pay statement as a document for paper and as a workbook whose amounts are formulas; knows no Streamlit and asks no database."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from dashboard import formats, printing
from dashboard.downloads import ABOUT_SHEET, CREATED, EXCEL_FORMATS
from dashboard.incentives import sentences, telling
from dashboard.incentives.plan import Plan, Round
from dashboard.incentives.statement import ZERO, Credited, Line, Part, Run, Statement
from dashboard.printing import Document, Heading, Paragraph, Table
from dashboard.warehouse import Warehouse
from dashboard.words import word

#: Payments that a printed statement lists; the workbook lists all.
MOST_PRINTED = 400
#: More digits than a spreadsheet keeps: sums of what it stores are brought back to this many before the one rounding.
SETTLED = 8


@dataclass(frozen=True)
class Behind:
    """One posting behind a statement, as the snapshot has it."""

    id: str
    case_id: str
    paid_on: date
    posted_on: date | None
    amount: Decimal


@dataclass(frozen=True)
class Paper:
    """A statement with all that is printed about it: whose (as read), of which run and plan, its state, and the postings behind it by id."""

    statement: Statement
    run: Run
    plan: Plan
    name: str
    state: str
    lang: str
    behind: Mapping[str, Behind]
    run_id: str = ""
    fingerprint: str = ""  # of the whole run, which this may be a part of

    @property
    def result_hash(self) -> str:
        return (self.fingerprint or self.run.result_hash)[:16]

    @property
    def currency(self) -> str:
        return self.run.currency

    @property
    def title(self) -> str:
        return word("pay.statement", self.lang)

    @property
    def mark(self) -> str:
        return telling.mark(self.state, self.run.month, self.run.as_of, self.lang)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """What must be known to read it."""
        run, plan, lang = self.run, self.plan, self.lang
        version = word("pay.plan_version", lang, title=plan.name(lang), version=plan.version, day=formats.day(plan.valid_from, lang))
        team = " · ".join(filter(None, (self.statement.team, self.statement.grade)))
        return (
            (word("pay.collector", lang), f"{self.name} ({self.statement.collector}) · {team}"),
            (word("pay.plan", lang), version),
            (word("pay.state", lang), sentences.status(self.state, lang)),
            *(((word("pay.run", lang), self.run_id),) if self.run_id else ()),
            (word("download.as_of", lang), str(run.as_of)),
            (word("download.snapshot", lang), f"{run.dataset} {run.snapshot}"),
            (word("download.currency", lang), run.currency),
            (word("pay.inputs_hash", lang), run.inputs_hash[:16]),
            (word("pay.result_hash", lang), self.result_hash),
        )

    def footer(self) -> str:
        """What stands at the foot of every page."""
        parts = (self.name, formats.month(self.statement.month, self.lang), str(self.run.as_of), self.run.snapshot, self.result_hash)
        return " · ".join(parts)


def document(paper: Paper) -> Document:
    """The statement to be read on paper: what is paid, why, in which order, from which payments."""
    statement, lang, currency = paper.statement, paper.lang, paper.currency
    steps = telling.waterfall(statement, paper.plan, lang)
    falls = [(name, float(size), formats.full_amount(size, currency), total) for name, size, total in steps]
    lines = tuple(
        (
            str(number), telling.step(paper.plan, line.step, lang), sentences.line(line, lang, currency, paper.plan),
            formats.full_amount(line.amount, currency) if abs(line.amount) >= telling.CENT / 2 else "", formats.full_amount(line.total, currency),
        )
        for number, line in enumerate(statement.lines)
    )  # fmt: skip
    head = tuple(word(f"pay.{name}", lang) for name in ("number", "step", "why", "adds", "total"))
    parts: list[printing.Part] = [
        Paragraph(telling.summary(statement, lang, currency)),
        Heading(word("pay.how", lang)),
        printing.waterfall(falls, word("pay.chart_alt", lang)),
        Table(head, lines, frozenset({3, 4}), frozenset({len(lines) - 1}), (0.7, 2.4, 6.2, 1.8, 1.9)),
        Heading(word("pay.order", lang)),
        Paragraph("\n".join(f"{number}. {name}: {says}" for number, name, says in sentences.order(paper.plan, lang, currency))),
        Paragraph(f"{word('pay.order_note', lang)} {word('pay.unrounded', lang)}", small=True),
        *_workings(paper),
        *_payments(paper),
    ]
    title = word("pay.statement_of", lang, name=paper.name, month=formats.month(statement.month, lang))
    return Document(title, lang, tuple(parts), facts=paper.facts(), footer=paper.footer(), mark=paper.mark)


def pdf_file(papers: Sequence[Paper]) -> bytes:
    """Statements as one PDF, each from a new page on."""
    return printing.pdf_file(*map(document, papers))


def workings(paper: Paper) -> list[dict[str, Any]]:
    """Every part of every step: of what, base, factors and amount; a step's last row is its sum (`of` is None)."""
    made: list[dict[str, Any]] = []
    for number, line in enumerate(paper.statement.lines):
        if not any(part.amount or part.ids for part in line.parts):
            continue
        name = f"{number} {telling.step(paper.plan, line.step, paper.lang)}"
        for part in line.parts:
            of = telling.of(part, line, paper.plan, paper.lang, paper.currency)
            made.append({"step": name, "of": of, "base": part.base, "factors": telling.factors(part), "amount": part.amount})
        if len(line.parts) > 1:
            whole = sum((part.amount for part in line.parts), ZERO)
            made.append({"step": name, "of": None, "base": None, "factors": "", "amount": whole})
    return made


def _workings(paper: Paper) -> list[printing.Part]:
    lang, currency = paper.lang, paper.currency
    found = workings(paper)
    if not found:
        return []
    rows = tuple(
        (
            row["step"], row["of"] or "Σ", formats.full_amount(row["base"], currency) if row["base"] is not None else "", row["factors"],
            formats.full_amount(row["amount"], currency),
        )
        for row in found
    )  # fmt: skip
    strong = frozenset(place for place, row in enumerate(found) if row["of"] is None)
    head = tuple(word(f"pay.{name}", lang) for name in ("step", "of", "base", "factors", "amount"))
    return [Heading(word("pay.workings", lang)), Table(head, rows, frozenset({2, 3, 4}), strong, (2.6, 3.2, 1.8, 2.4, 1.8))]


def rows_behind(paper: Paper) -> list[dict[str, Any]]:
    """The payments credited, kind by kind, the shares of each; what the snapshot no longer tells is left out."""
    made = []
    for group in paper.statement.credited:
        kind = telling.kind(group.cut, paper.lang)
        for identifier, share in zip(group.payments, group.shares, strict=True):
            known = paper.behind.get(identifier)
            made.append(
                {
                    "payment_id": identifier, "case_id": known and known.case_id, "paid_on": known and known.paid_on,
                    "posted_on": known and known.posted_on, "kind": kind, "amount": known and known.amount, "share": share,
                    "credited": known and known.amount * share,
                }
            )  # fmt: skip
    return made


def _payments(paper: Paper) -> list[printing.Part]:
    lang, currency = paper.lang, paper.currency
    found = rows_behind(paper)
    if not found:
        return []
    names = ("payment_id", "case_id", "paid_on", "kind", "amount", "share", "credited")
    rows = tuple(
        (
            row["payment_id"], row["case_id"] or formats.MISSING, str(row["paid_on"] or formats.MISSING), row["kind"],
            formats.full_amount(row["amount"], currency), sentences.percent(row["share"]), formats.full_amount(row["credited"], currency),
        )
        for row in found[:MOST_PRINTED]
    )  # fmt: skip
    parts: list[printing.Part] = [Heading(word("pay.payments", lang))]
    if any(row["amount"] is None for row in found):
        parts.append(Paragraph(word("pay.payments_gone", lang), small=True))
    parts.append(Table(tuple(word(f"pay.{name}", lang) for name in names), rows, frozenset({4, 5, 6}), widths=(2.4, 2, 1.5, 2.6, 1.7, 1, 1.7)))
    if len(found) > MOST_PRINTED:
        note = word("data.first_rows", lang, shown=formats.count(MOST_PRINTED), all=formats.count(len(found)))
        parts.append(Paragraph(note, small=True))
    return parts


# --- the workbook -----------------------------------------------------------------------------------------------------


def excel_file(paper: Paper) -> bytes:
    """The statement as a workbook: payments → workings → lines → amount, each figure a formula over those before it."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": paper.title, "created": CREATED})
        _Book(paper, book).write()
    return out.getvalue()


class _Book:
    """A workbook being written: where each figure stands, so that others can refer to it."""

    def __init__(self, paper: Paper, book: Any) -> None:
        self.paper, self.lang = paper, paper.lang
        self.names = {name: word(f"pay.sheet_{name}", paper.lang) for name in ("statement", "workings", "payments")}
        self.sheets = {name: book.add_worksheet(title) for name, title in self.names.items()}
        self.about = book.add_worksheet(ABOUT_SHEET)
        self.money = book.add_format({"num_format": EXCEL_FORMATS["amount"]})
        self.fine = book.add_format({"num_format": "#,##0.00######"})
        self.rate = book.add_format({"num_format": "0.00####%"})
        self.day = book.add_format({"num_format": EXCEL_FORMATS["date"]})
        self.bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.strong = book.add_format({"bold": True, "num_format": EXCEL_FORMATS["amount"], "top": 1})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.credited: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], tuple[str, Decimal]] = {}
        self.parts: dict[tuple[tuple[tuple[str, str], ...], Decimal], str] = {}
        self.quantities: dict[str, tuple[str, Decimal]] = {}

    def write(self) -> None:
        self.payments()
        self.workings()
        self.statement()
        for row, (name, text) in enumerate([*self.paper.facts(), (word("pay.how", self.lang), word("pay.live", self.lang))]):
            self.about.write_string(row, 0, name)
            self.about.write_string(row, 1, text, self.wrap)
        self.about.set_column(0, 0, 28)
        self.about.set_column(1, 1, 90)

    def head(self, sheet: str, names: Sequence[str], widths: Sequence[int]) -> None:
        for place, (text, width) in enumerate(zip(names, widths, strict=True)):
            self.sheets[sheet].write_string(0, place, text, self.bold)
            self.sheets[sheet].set_column(place, place, width)
        self.sheets[sheet].freeze_panes(1, 0)

    def at(self, sheet: str, row: int, column: int) -> str:
        """A cell of another sheet as a formula names it."""
        return f"'{self.names[sheet]}'!{xl_rowcol_to_cell(row, column)}"

    def payments(self) -> None:
        names = ("payment_id", "case_id", "paid_on", "posted_on", "kind", "amount", "share", "credited")
        self.head("payments", [word(f"pay.{name}", self.lang) for name in names], (20, 16, 12, 12, 26, 14, 10, 14))
        sheet, row = self.sheets["payments"], 1
        rows = rows_behind(self.paper)
        for group in self.paper.statement.credited:
            first = row
            for _ in group.payments:
                found = rows[row - 1]
                for place, name in enumerate(names[:5]):
                    if isinstance(found[name], date):
                        sheet.write_datetime(row, place, found[name], self.day)
                    elif found[name]:
                        sheet.write_string(row, place, found[name])
                if found["amount"] is not None:
                    sheet.write_number(row, 5, float(found["amount"]), self.money)
                sheet.write_number(row, 6, float(found["share"]), self.rate)
                if found["amount"] is not None:
                    formula = f"={xl_rowcol_to_cell(row, 5)}*{xl_rowcol_to_cell(row, 6)}"
                    sheet.write_formula(row, 7, formula, self.fine, float(found["credited"]))
                row += 1
            self.credit(group, first, row - 1, rows)

    def credit(self, group: Credited, first: int, last: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Remember where a kind of cash is summed, if what the snapshot tells adds up to what was credited."""
        amounts = [row["credited"] for row in rows[first - 1 : last]]
        if all(amount is not None for amount in amounts) and sum(amounts, ZERO) == group.cash:
            cells = f"{xl_rowcol_to_cell(first, 7)}:{xl_rowcol_to_cell(last, 7)}"
            self.credited[group.cut, group.payments] = (f"SUM('{self.names['payments']}'!{cells})", group.cash)

    def workings(self) -> None:
        most = max((len(part.factors) for line in self.paper.statement.lines for part in line.parts), default=0)
        factors = [word("pay.factor", self.lang, number=number) for number in range(1, most + 1)]
        named = {name: word(f"pay.{name}", self.lang) for name in ("number", "step", "of", "base", "amount")}
        heads = [named["number"], named["step"], named["of"], named["base"], *factors, named["amount"]]
        self.head("workings", heads, (6, 26, 34, 16, *[11] * most, 16))
        self.last_factor = most
        self.next_working = 1

    def part(self, number: int, line: Line, part: Part, before: str) -> str:
        """Write a part and say where its amount stands."""
        sheet, row = self.sheets["workings"], self.next_working
        self.next_working += 1
        sheet.write_number(row, 0, number)
        sheet.write_string(row, 1, telling.step(self.paper.plan, line.step, self.lang))
        sheet.write_string(row, 2, telling.of(part, line, self.paper.plan, self.lang, self.paper.currency))
        source = self.source(line, part, before)
        if source:
            sheet.write_formula(row, 3, f"={source}", self.fine, float(part.base))
        else:
            sheet.write_number(row, 3, float(part.base), self.fine)
        for place, factor in enumerate(part.factors):
            sheet.write_number(row, 4 + place, float(factor), self.rate)
        column = 4 + self.last_factor
        cells = [xl_rowcol_to_cell(row, 3 + place) for place in range(len(part.factors) + 1)]
        sheet.write_formula(row, column, f"={'*'.join(cells)}", self.fine, float(part.amount))
        cell = self.at("workings", row, column)
        self.parts[part.cut, part.amount] = cell
        return cell

    def source(self, line: Line, part: Part, before: str) -> str:
        """Where a part's base comes from: its payments, the same kind of cash in an earlier step, a quantity, or the total before."""
        if part.kind == "payments":
            found = self.credited.get((part.cut, part.ids))
            if found and found[1] == part.base:
                return found[0]
        if (part.cut, part.base) in self.parts and part.base:
            return self.parts[part.cut, part.base]
        name = dict(part.cut).get("quantity", "")
        if name in self.quantities and self.quantities[name][1] == part.base:
            return self.quantities[name][0]
        for cell, amount in self.quantities.values():
            if line.step_kind == "tiers" and amount == part.base and part.base:
                return cell
        return before if line.step_kind in ("gate", "accelerator") and part.base == line.total - line.amount else ""

    def statement(self) -> None:
        names = [word(f"pay.{name}", self.lang) for name in ("number", "step", "why", "adds", "total", "quantity")]
        self.head("statement", names, (6, 26, 80, 16, 16, 18))
        sheet, row = self.sheets["statement"], 0
        for number, line in enumerate(self.paper.statement.lines):
            row = number + 1
            before = self.at("statement", row - 1, 4) if number else "0"
            cells = [self.part(number, line, part, before) for part in line.parts]
            sheet.write_number(row, 0, number)
            sheet.write_string(row, 1, telling.step(self.paper.plan, line.step, self.lang), self.wrap)
            sheet.write_string(row, 2, sentences.line(line, self.lang, self.paper.currency, self.paper.plan), self.wrap)
            sheet.write_formula(row, 3, f"={self.amount(line, cells, before)}", self.fine, float(line.amount))
            sheet.write_formula(row, 4, f"={before}+{xl_rowcol_to_cell(row, 3)}", self.fine, float(line.total))
            if line.quantity is not None:
                name, found = line.quantity
                summed = sum((part.amount for part in line.parts), ZERO) == found and cells
                if summed:
                    sheet.write_formula(row, 5, f"={'+'.join(cells)}", self.fine, float(found))
                else:
                    sheet.write_number(row, 5, float(found), self.fine)
                self.quantities[name] = (self.at("statement", row, 5), found)
        sheet.write_string(row + 1, 1, word("pay.paid", self.lang), self.strong)
        sheet.write_formula(row + 1, 4, f"={xl_rowcol_to_cell(row, 4)}", self.strong, float(self.paper.statement.amount))
        if self.paper.mark:
            sheet.write_string(row + 3, 1, self.paper.mark)

    def amount(self, line: Line, cells: Sequence[str], before: str) -> str:
        """A line's amount as a spreadsheet works it out (the rules of `Line.rule`)."""
        if line.rule == "none":
            return "0"
        if line.rule == "min":
            return f"MIN(0,{_plain(line.value('limit'))}-{before})"
        if line.rule == "max":
            return f"MAX(0,{_plain(line.value('limit'))}-{before})"
        if line.rule == "carry":
            return f"MAX({_plain(line.value('draw'))}-{before},{_plain(line.value('brought'))})"
        if line.rule == "round":
            return f"{self.rounded(line, before)}-{before}"
        return "+".join(cells) or "0"

    def rounded(self, line: Line, before: str) -> str:
        """The one rounding by its rule; what a spreadsheet stores is settled first, so that a half is a half."""
        step = self.paper.plan.step(line.step)
        assert isinstance(step, Round)
        to, settled = _plain(step.to), f"ROUND({before},{SETTLED})"
        units = f"ROUND({settled}/{to},{SETTLED - 2})" if step.to != 1 else settled
        if step.rule == "half_even":
            half = f"ABS(MOD(ABS({units}),2)-0.5)=0"
            return f"IF({half},SIGN({units})*ROUNDDOWN(ABS({units}),0),ROUND({units},0))*{to}"
        name = {"half_up": "ROUND", "down": "ROUNDDOWN", "up": "ROUNDUP"}[step.rule]
        return f"{name}({units},0)*{to}"


def _plain(value: object) -> str:
    """A number as a formula writes it."""
    return f"{Decimal(str(value)):f}"


def behind(warehouse: Warehouse, statements: Iterable[Statement]) -> dict[str, Behind]:
    """The postings behind some statements, from the snapshot they were computed on; whoever asks may see those statements."""
    ids = {identifier for statement in statements for identifier in statement.payments()}
    rows = warehouse.run("pay_postings", {"ids": sorted(ids)})
    return {row["payment_id"]: Behind(row["payment_id"], row["case_id"] or "", row["paid_on"], row["posted_on"], row["net_amount"]) for row in rows}
