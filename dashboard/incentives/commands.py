"""python -m dashboard incentives …: plans, a month's run and its life, from the command line; asks and prints, computes nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from dashboard import access, formats
from dashboard.access import PeopleError, Person
from dashboard.filters import shifted
from dashboard.home import Home, NothingLoaded, SnapshotInfo
from dashboard.incentives import documents, payroll, problems, runs, sentences
from dashboard.incentives.cliffs import cliffs
from dashboard.incentives.desk import DECIDED, Desk, NotForYou, sight, visible
from dashboard.incentives.engine import RunRefused
from dashboard.incentives.gathering import NotSupplied, Untied
from dashboard.incentives.ledger import Ledger, Record, Refused, amount
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import read
from dashboard.incentives.problems import NoSuchPlan, PlanError, Problem
from dashboard.incentives.statement import Run, Statement
from dashboard.options import DatasetOption, FormatOption, HomeOption, LangOption, err, out
from dashboard.state import State, StateTooNew, StateUnavailable, address
from dashboard.warehouse import QueryFailed, Warehouse
from dashboard.words import word

app = typer.Typer(no_args_is_help=True, help="Pay from collections: plans, a month's run, its statements, review, approval, lock, export.")

PlanOption = Annotated[str, typer.Option("--plan", help="Id of a plan.")]
MonthOption = Annotated[str | None, typer.Option("--month", help="YYYY-MM; the last complete month unless told.")]
AsOption = Annotated[str | None, typer.Option("--as", help="Who does it: an id of people.toml; without that file any name.")]
RunArgument = Annotated[int, typer.Argument(metavar="RUN", help="Number of a run.")]
NoteOption = Annotated[str, typer.Option("--note", help="What to say with it.")]
Rows = Sequence[dict[str, Any]]


class Stopped(ValueError):
    """What can't be done as asked: an entry of [pay_stopped] in the words of pay, and what fills its places."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@contextmanager
def told(lang: str, plan: Plan | None = None) -> Iterator[None]:
    """What goes wrong is said in words, and ends with exit code 1."""
    try:
        if lang not in ("en", "zh"):
            raise Stopped("choice", option="--lang", got=repr(lang), known="en, zh")
        yield
    except Refused as error:
        raise _fail([sentences.refusal(error, lang)]) from error
    except RunRefused as error:
        raise _fail(_refusals(error, plan, lang)) from error
    except NotSupplied as error:
        raise _fail([f"{'not supplied' if lang == 'en' else '未提供'}: {', '.join(error.needs)}"]) from error
    except PlanError as error:
        raise _fail(problems.lines(error.problems, lang)) from error
    except NoSuchPlan as error:
        raise _fail([error.said.read(lang)]) from error
    except (
        PeopleError, Untied, LookupError, NothingLoaded, QueryFailed, StateTooNew, StateUnavailable,
    ) as error:  # fmt: skip
        raise _fail([str(error)]) from error
    except Stopped as error:
        raise _fail([word(f"pay_stopped.{error.key}", "zh" if lang == "zh" else "en", **error.values)]) from error


def _refusals(error: RunRefused, plan: Plan | None, lang: str) -> list[str]:
    return [sentences.refused(one, plan, lang) if plan is not None else str(one) for one in error.refusals]


def _fail(lines: Iterable[str]) -> typer.Exit:
    for line in lines:
        err.print(line, markup=False, soft_wrap=True)
    return typer.Exit(1)


def _home(home: Path | None) -> Home:
    return Home(home)


def _ledger(home: Path | None) -> Ledger:
    return Ledger(State(address(_home(home).path)))


def _who(home: Path | None, name: str | None) -> Person:
    """The person of a name: of people.toml where there is one, else the manager of that name."""
    if not name or not name.strip():
        raise Stopped("nobody", option="--as")
    if not access.people_file(_home(home).path).exists():
        return Person(name.strip(), access.LOCAL)
    found = access.person(_home(home).path, name.strip())
    if found is None:
        raise Stopped("unknown_person", option="--as", got=repr(name), file=access.PEOPLE_FILE)
    return found


def _month(text: str | None, info: SnapshotInfo) -> date:
    if text is None:
        following = date.fromordinal(info.as_of.toordinal() + 1)
        return shifted(following.replace(day=1), -1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Stopped("month", option="--month", got=repr(text), example="2026-10") from error


def _warehouse(home: Path | None, dataset: str | None, as_of: str | None = None) -> Warehouse:
    """The snapshot in service, or the one named, or the last one that was as of a day."""
    place = _home(home)
    info = place.info(dataset)
    if as_of is not None:
        kept = place.history(info.dataset)
        fit = [one for one in kept if as_of in (one.id, one.as_of.isoformat())]
        if not fit:
            raise Stopped("snapshot", option="--as-of", got=repr(as_of), known=", ".join(f"{one.id} ({one.as_of})" for one in kept))
        info = fit[-1] if fit[-1].as_of >= fit[0].as_of else fit[0]
    return Warehouse(info)


# --- plans ------------------------------------------------------------------------------------------------------------


@app.command("plans")
def plans_command(
    name: Annotated[str | None, typer.Argument(metavar="[PLAN]", help="Show this plan's steps in their order.")] = None,
    version: Annotated[int | None, typer.Option("--version", help="The newest unless told.")] = None,
    home: HomeOption = None,
    lang: LangOption = "en",
    format: FormatOption = "table",
) -> None:
    """The plans there are, or one plan's steps in the order they work, with the cliffs of whole-amount tiers."""
    with told(lang):
        known = runs.known_plans(_home(home).path)
        if name is None:
            rows = [
                {
                    "plan": one.id, "version": one.version, "valid_from": one.valid_from, "title": one.name(lang), "steps": len(one.steps),
                    "hash": one.hash[:12],
                }
                for one in known
            ]  # fmt: skip
            _print(rows, format)
            return
        plan = known.version(name, version) if version is not None else known.last(name)
        rows = [{"step": number, "label": label, "does": text} for number, label, text in sentences.order(plan, lang, "CNY")]
        _print(rows, format)
        for cliff in cliffs(plan):
            err.print(sentences.cliff(cliff, plan, lang, "CNY"), markup=False, soft_wrap=True)


@app.command()
def validate(files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Plan files.")], lang: LangOption = "en") -> None:
    """Check plan files: everything that is wrong, with where, what was found and what was expected."""
    wrong: list[Problem] = []
    with told(lang):
        for path in files:
            try:
                plan = read(path)
            except PlanError as error:
                wrong += error.problems
            else:
                out.print(f"{path.name}: {plan.id} {plan.version} {plan.hash[:12]}", markup=False)
                for cliff in cliffs(plan):
                    out.print(f"  {sentences.cliff(cliff, plan, lang, 'CNY')}", markup=False, soft_wrap=True)
    if wrong:
        raise _fail(problems.lines(wrong, lang))


# --- runs -------------------------------------------------------------------------------------------------------------


@app.command()
def run(
    plan: PlanOption,
    month: MonthOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="A snapshot kept, by id or day; the one in service unless told.")] = None,
    who: AsOption = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    lang: LangOption = "en",
    format: FormatOption = "table",
) -> None:
    """Work out a month. With --as it is kept in the ledger as a draft; without, it is an estimate that nothing remembers."""
    with told(lang):
        warehouse = _warehouse(home, dataset, as_of)
        when = _month(month, warehouse.info)
        chosen = runs.known_plans(_home(home).path).at(plan, when)
    with told(lang, chosen):
        ledger = _ledger(home)
        if who is None:
            found, _ = runs.compute(warehouse, chosen, when, ledger)
            _print_run(found, lang, format, None)
        else:
            record = runs.prepare(warehouse, chosen, when, ledger, _who(home, who))
            _print_run(ledger.result(record.run), lang, format, record)


@app.command("runs")
def runs_command(
    plan: Annotated[str | None, typer.Option("--plan", help="Of this plan only.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As the ledger stood then: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, UTC.")] = None,
    home: HomeOption = None,
    lang: LangOption = "en",
    format: FormatOption = "table",
) -> None:
    """The runs in the ledger and where they stand."""
    with told(lang):
        moment = None
        if as_of is not None:
            try:
                moment = datetime.fromisoformat(as_of if "T" in as_of else f"{as_of}T23:59:59")
            except ValueError as error:
                raise Stopped("moment", option="--as-of", got=repr(as_of), example="2026-11-03T12:00:00") from error
        rows = [
            {
                "run": one.run, "dataset": one.dataset, "month": f"{one.month:%Y-%m}", "plan": one.plan, "version": one.version,
                "status": one.status if format == "json" else sentences.status(one.status, lang), "people": one.people, "total": one.total,
                "prepared": one.by("prepared"), "approved": one.by("approved"), "snapshot": one.snapshot, "result": one.result_hash[:12],
            }
            for one in _ledger(home).records(plan=plan, as_of=moment)
        ]  # fmt: skip
        _print(rows, format)


@app.command()
def show(number: RunArgument, home: HomeOption = None, lang: LangOption = "en", format: FormatOption = "table") -> None:
    """A stored run: what it pays whom, how it ties to net cash, and its history."""
    with told(lang):
        ledger = _ledger(home)
        record = ledger.record(number)
        _print_run(ledger.result(number), lang, format, record)
        if format == "table":
            for entry in ledger.entries(run=number):
                said = entry.body.get("reason") or entry.body.get("text") or ""
                err.print(f"{entry.at:%Y-%m-%d %H:%M:%S} {entry.who}: {entry.kind} {said}".rstrip(), markup=False, soft_wrap=True)
            for look in reversed(ledger.looks.of(record.dataset, record.month, record.plan)):
                if look.run == number:
                    err.print(f"{look.at:%Y-%m-%d %H:%M:%S} {sentences.look(look, lang)}", markup=False, soft_wrap=True)


@app.command()
def statement(
    collector: Annotated[str, typer.Argument(metavar="COLLECTOR", help="Id of a collector.")],
    number: Annotated[int | None, typer.Option("--run", help="Of this run; the last that stands unless told.")] = None,
    who: AsOption = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    lang: LangOption = "en",
    format: FormatOption = "table",
) -> None:
    """A collector's statement, line by line; that it was looked at is written in the audit."""
    with told(lang):
        ledger = _ledger(home)
        person = _who(home, who) if who is not None or access.people_file(_home(home).path).exists() else access.LOCAL_PERSON
        if number is None:
            stored = ledger.statements(collector, _home(home).info(dataset).dataset)
            if not stored:
                raise Stopped("no_statement", collector=collector)
            record, found = stored[-1]
        else:
            record = ledger.record(number)
            there = ledger.result(number).statement(collector)
            if there is None:
                raise Refused("no_statement", collector=collector, run=number)
            found = there
        if not visible(found, person) or (sight(person) != "all" and record.status not in DECIDED):
            raise Refused("not_allowed", by=person.id, rights="pay_all")
        ledger.looks.add(person, "command", record.dataset, record.month, record.plan, record.run, [collector])
        _print_statement(found, record, ledger.plan(record.plan, record.version), lang, format)


# --- its life ---------------------------------------------------------------------------------------------------------


def _taken(step: Callable[[Ledger, Person], Record], home: Path | None, who: str | None, lang: str) -> None:
    with told(lang):
        record = step(_ledger(home), _who(home, who))
        out.print(f"{record.run} {record.month:%Y-%m} {record.plan}: {sentences.status(record.status, lang)}", markup=False)


@app.command()
def review(number: RunArgument, who: AsOption = None, note: NoteOption = "", home: HomeOption = None, lang: LangOption = "en") -> None:
    """Say that a draft was looked at."""
    _taken(lambda ledger, person: ledger.review(number, person, note), home, who, lang)


@app.command()
def approve(number: RunArgument, who: AsOption = None, note: NoteOption = "", home: HomeOption = None, lang: LangOption = "en") -> None:
    """Approve a reviewed run; not by who prepared or adjusted it."""
    _taken(lambda ledger, person: ledger.approve(number, person, note), home, who, lang)


@app.command()
def lock(number: RunArgument, who: AsOption = None, note: NoteOption = "", home: HomeOption = None, lang: LangOption = "en") -> None:
    """Lock an approved run: it never changes any more."""
    _taken(lambda ledger, person: ledger.lock(number, person, note), home, who, lang)


@app.command()
def withdraw(
    number: RunArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Take a run that isn't locked back, so that the month can be prepared again."""
    _taken(lambda ledger, person: ledger.withdraw(number, person, reason), home, who, lang)


@app.command()
def adjust(
    collector: Annotated[str, typer.Argument(metavar="COLLECTOR")],
    value: Annotated[str, typer.Argument(metavar="AMOUNT", help="Added, or taken where below zero (write -- before it).")],
    plan: PlanOption,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    month: MonthOption = None,
    kind: Annotated[str, typer.Option("--kind", help="correction, bonus, deduction or settlement")] = "correction",
    who: AsOption = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    lang: LangOption = "en",
) -> None:
    """Add to or take from a collector's pay of an open month, with a reason."""
    with told(lang):
        info = _home(home).info(dataset)
        number = _ledger(home).adjust(info.dataset, _month(month, info), plan, collector, amount(value), _who(home, who), reason, kind)
        out.print(str(number))


@app.command("drop-adjustment")
def drop_adjustment(
    number: Annotated[int, typer.Argument(metavar="ENTRY")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Take an adjustment of an open month out again."""
    with told(lang):
        out.print(str(_ledger(home).drop_adjustment(number, _who(home, who), reason)))


@app.command()
def dispute(
    number: RunArgument,
    collector: Annotated[str, typer.Argument(metavar="COLLECTOR")],
    text: Annotated[str, typer.Option("--text", help="What is wrong.")],
    step: Annotated[str, typer.Option("--step", help="Which step of the statement.")] = "",
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Object to a statement."""
    with told(lang):
        out.print(str(_ledger(home).dispute(number, collector, _who(home, who), text, step)))


@app.command()
def answer(
    number: Annotated[int, typer.Argument(metavar="DISPUTE")],
    status: Annotated[str, typer.Argument(metavar="STATUS", help="answered, accepted or rejected")],
    text: Annotated[str, typer.Option("--text", help="The answer.")],
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Answer a dispute."""
    with told(lang):
        out.print(str(_ledger(home).answer(number, status, _who(home, who), text)))


@app.command()
def comment(
    number: RunArgument,
    text: Annotated[str, typer.Option("--text", help="What to say.")],
    collector: Annotated[str | None, typer.Option("--collector", help="About this collector's statement.")] = None,
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Say something about a run or a statement."""
    with told(lang):
        out.print(str(_ledger(home).comment(number, _who(home, who), text, collector)))


@app.command()
def disputes(home: HomeOption = None, dataset: DatasetOption = None, lang: LangOption = "en", format: FormatOption = "table") -> None:
    """Disputes, their answers, and where they stand."""
    with told(lang):
        rows = [
            {
                "dispute": one.number, "month": f"{one.month:%Y-%m}", "plan": one.plan, "collector": one.collector, "step": one.step,
                "status": one.status if format == "json" else sentences.status(one.status, lang), "by": one.who, "text": one.text,
                "answer": one.answers[-1].body["text"] if one.answers else "",
            }
            for one in _ledger(home).disputes(_home(home).info(dataset).dataset)
        ]  # fmt: skip
        _print(rows, format)


@app.command()
def verify(home: HomeOption = None, lang: LangOption = "en") -> None:
    """Check that the ledger holds what was written, and that every stored run comes out again bit for bit. Exit code 1 where not."""
    with told(lang):
        ledger = _ledger(home)
        wrong = [sentences.tampering(one, lang) for one in ledger.verify()]
        records = ledger.records()
        if not wrong:
            for record in records:
                if runs.again(ledger, record.run).to_json() != ledger.result_text(record.run):
                    wrong.append(sentences.different(record.run, lang))
    if wrong:
        raise _fail(wrong)
    out.print(sentences.verified(len(records), lang), markup=False)


# --- printing ---------------------------------------------------------------------------------------------------------


def _print_run(found: Run, lang: str, format: str, record: Record | None) -> None:
    rows = [
        {"collector": one.collector, "team": one.team, "grade": one.grade, "cash": one.quantity("cash"), "amount": one.amount, "carried": one.carried}
        for one in found.statements
    ]  # fmt: skip
    ties = [
        {
            "team": tie.team, "net_cash": tie.net_cash, "credited": tie.credited,
            "uncredited": sum((value for _, value in tie.uncredited), Decimal(0)), "difference": tie.difference,
        }
        for tie in found.ties
    ]  # fmt: skip
    facts = {
        "run": record.run if record else None, "status": record.status if record else "estimate", "month": f"{found.month:%Y-%m}",
        "plan": found.plan, "version": found.version, "dataset": found.dataset, "snapshot": found.snapshot, "as_of": found.as_of.isoformat(),
        "total": str(found.total), "currency": found.currency, "inputs_hash": found.inputs_hash, "result_hash": found.result_hash,
    }  # fmt: skip
    if format == "json":
        reasons = [{"reason": one.reason, "team": one.team, "cash": str(one.cash), "payments": list(one.payments)} for one in found.uncredited]
        print(json.dumps({**facts, "rows": _json(rows), "ties": _json(ties), "uncredited": reasons}, ensure_ascii=False, indent=1))
        return
    _print(rows, format)
    if format == "csv":
        return
    _print(ties, format)
    for one in found.uncredited:
        err.print(f"{one.team}: {sentences.code(one.reason, lang)}: {formats.full_amount(one.cash, found.currency)}", markup=False, soft_wrap=True)
    for note in found.notes:
        err.print(sentences.note(note, lang), markup=False, soft_wrap=True)
    err.print(" · ".join(f"{name} {value}" for name, value in facts.items() if value is not None), markup=False, soft_wrap=True)


def _print_statement(found: Statement, record: Record, plan: Plan, lang: str, format: str) -> None:
    rows = [
        {
            "step": line.step, "label": plan.step(line.step).name(lang) if line.step != "cash" else sentences.quantity("cash", lang),
            "why": sentences.line(line, lang, record.currency, plan), "amount": line.amount if format == "json" else f"{line.amount:,.4f}",
            "total": line.total if format == "json" else f"{line.total:,.4f}",
        }
        for line in found.lines
    ]  # fmt: skip
    if format == "json":
        facts = {"run": record.run, "status": record.status, "collector": found.collector, "month": f"{found.month:%Y-%m}"}
        print(json.dumps({**facts, "amount": str(found.amount), "carried": str(found.carried), "rows": _json(rows)}, ensure_ascii=False, indent=1))
        return
    _print(rows, format)
    if format == "table":
        said = f"{found.collector} {found.month:%Y-%m} {sentences.status(record.status, lang)} {formats.full_amount(found.amount, record.currency)}"
        err.print(said, markup=False, soft_wrap=True)


def _json(rows: Rows) -> list[dict[str, Any]]:
    return [{key: str(value) if isinstance(value, Decimal | date) else value for key, value in row.items()} for row in rows]


def _print(rows: Rows, format: str) -> None:
    if format == "json":
        print(json.dumps(_json(rows), ensure_ascii=False, indent=1))
    elif format == "csv":
        buffer = io.StringIO()
        if rows:
            writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
        print(buffer.getvalue(), end="")
    elif format == "table":
        table = Table()
        for name in rows[0] if rows else ():
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*("" if value is None else escape(f"{value:,.2f}" if isinstance(value, Decimal) else str(value)) for value in row.values()))
        out.print(table)
    else:
        raise Stopped("choice", option="--format", got=repr(format), known="table, csv, json")


# --- files ------------------------------------------------------------------------------------------------------------

FolderOption = Annotated[Path, typer.Option("--out", help="Folder for the files; this one unless told.")]


def _desk(home: Path | None, who: str | None, record: Record) -> Desk:
    """A run's desk on the snapshot it was computed on, else on the one in service."""
    place = _home(home)
    kept = {info.id for info in place.history(record.dataset)}
    warehouse = Warehouse(place.info(record.dataset, record.snapshot if record.snapshot in kept else None))
    return Desk(warehouse, _ledger(home), runs.known_plans(place.path), _who(home, who))


@app.command()
def export(number: RunArgument, folder: FolderOption = Path(), who: AsOption = None, home: HomeOption = None, lang: LangOption = "en") -> None:
    """The file for payroll of a locked run: made once, the same bytes ever after; each time is written in the ledger."""
    with told(lang):
        record = _ledger(home).record(number)
        desk = _desk(home, who, record)
        file, _ = payroll.export(desk.ledger, record, desk.names(), payroll.layout(_home(home).path), desk.person)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.content)
        total = formats.full_amount(file.total, record.currency)
        out.print(f"{folder / file.name}: {file.rows}, {total}, SHA-256 {file.sha256}", markup=False, soft_wrap=True)


@app.command()
def papers(
    number: RunArgument,
    collectors: Annotated[list[str] | None, typer.Option("--collector", help="Only this one's; more than once for several.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="pdf (one file of all) or xlsx (one each, amounts as live formulas)")] = "pdf",
    folder: FolderOption = Path(),
    who: AsOption = None,
    home: HomeOption = None,
    lang: LangOption = "en",
) -> None:
    """Statements of a run to be printed or sent: as one PDF, or as a workbook each."""
    with told(lang):
        if kind not in ("pdf", "xlsx"):
            raise Stopped("choice", option="KIND", got=repr(kind), known="pdf, xlsx")
        record = _ledger(home).record(number)
        desk = _desk(home, who, record)
        try:
            shown, known = desk.kept(record), desk.names()
            source = desk.warehouse if desk.warehouse.info.id == record.snapshot else None
            wanted = collectors or [one.collector for one in shown.run.statements]
            made = [desk.paper(shown, one, lang, known, source) for one in wanted]
        except NotForYou as error:
            raise Refused("not_allowed", by=desk.person.id, rights="pay_all") from error
        if not made:
            raise Refused("not_allowed", by=desk.person.id, rights="pay_all")
        folder.mkdir(parents=True, exist_ok=True)
        desk.looked(shown, kind, [one.statement.collector for one in made])
        for one in made if kind == "xlsx" else made[:1]:
            parts = [record.plan, f"{record.month:%Y-%m}", *([one.statement.collector] if kind == "xlsx" or len(made) == 1 else [])]
            path = folder / f"statement_{'_'.join(parts)}_{lang}.{kind}"
            path.write_bytes(documents.excel_file(one) if kind == "xlsx" else documents.pdf_file(made))
            out.print(str(path), markup=False, soft_wrap=True)
