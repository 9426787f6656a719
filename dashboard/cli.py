"""The command line: serve, load, sample, snapshots, and every figure a page shows."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from dashboard import access, formats, model, outcome
from dashboard.breaches import LoadRefused, breach_line, kind_label
from dashboard.connection import QueryFailed
from dashboard.contract import ROOT, contract
from dashboard.filters import Filters
from dashboard.home import Busy, Home, NothingLoaded, Overtaken
from dashboard.load import Loaded, load
from dashboard.metrics import UnknownName, metric, metrics, needs_of, plain
from dashboard.options import DatasetOption, FormatOption, HomeOption, LangOption, err, out

if TYPE_CHECKING:
    from dashboard.warehouse import Answer, Warehouse


class Commands(TyperGroup):
    """The commands; those of pay are only read in where they are asked for: what they stand on takes longer to start than most commands run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), "incentives"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name != "incentives":
            return super().get_command(ctx, cmd_name)
        from dashboard.incentives.commands import app as incentives

        group = typer.main.get_command(incentives)
        group.name = cmd_name
        return group


app = typer.Typer(
    cls=Commands, add_completion=False, help="Collections analytics: exports in, figures people can trust out.", pretty_exceptions_enable=False
)


CARDS = (ROOT / "data" / "real" / "cards", ROOT / "data" / "mappings" / "cards.toml")
#: The sample that is made and loaded where nothing is loaded: cases, months of history, seed.
SAMPLE = (3000, 24, 1)


def fail(message: str) -> typer.Exit:
    err.print(message, markup=False, soft_wrap=True)
    return typer.Exit(1)


def _lang(lang: str) -> str:
    if lang not in ("en", "zh"):
        raise fail(f"--lang: got {lang!r}, expected en or zh")
    return lang


@app.callback(invoke_without_command=True)
def main(context: typer.Context, home: HomeOption = None) -> None:
    """Without a command: load what is bundled if nothing is loaded, then serve on 127.0.0.1:8501."""
    if context.invoked_subcommand is None:
        bundled(home)
        serve(home=home)


@app.command("bundled")
def bundled(home: HomeOption = None) -> None:
    """Load what the project offers, where it is not loaded yet or was by an earlier version: real credit-card accounts, and the sample (in front)."""
    place = Home(home)
    have = {name for name, info in place.datasets().items() if info.model == model.version()}
    if "cards" not in have:
        _load(CARDS[0], place, CARDS[1], None, False, "en", quiet=True)
    if "sample" not in have:
        with tempfile.TemporaryDirectory(prefix="sample-") as folder:
            cases, months, seed = SAMPLE
            target = Path(folder) / "export"
            sample(target, cases=cases, months=months, seed=seed)
            _load(target, place, None, None, False, "en", quiet=True)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
    home: HomeOption = None,
) -> None:
    """Serve the pages. Beyond this machine only where a file of people says who may see what."""
    people = access.people_file(Home(home).path)
    if not _is_loopback(host) and not people.exists():
        message = f"--host {host}: others could reach every figure; expected {people} to say who may see what (docs/people.md), or 127.0.0.1"
        raise fail(message)
    environment = {**os.environ}
    if home is not None:
        environment["COLLECTIONS_HOME"] = str(home.resolve())
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"),
        "--server.address", host, "--server.port", str(port), "--server.headless", "true",
    ]  # fmt: skip
    out.print(f"http://{host}:{port}")
    try:
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    raise typer.Exit(code)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@app.command()
def sample(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write; must not exist or be empty.")],
    cases: Annotated[int, typer.Option(help="Number of cases.")] = 2000,
    months: Annotated[int, typer.Option(help="Months of history.")] = 18,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    dirty: Annotated[bool, typer.Option("--dirty", help="Plant dirt, listed in truth.json.")] = False,
    *,
    file_format: Annotated[str, typer.Option("--file-format", help="csv, or parquet for large samples")] = "csv",
) -> None:
    """Write a synthetic export: a personal-credit lender in China, every table of the contract."""
    from data.make_sample import generate

    with _progress() as bar:
        task = bar.add_task("sample", total=1.0)
        try:
            generate(
                target, cases=cases, months=months, seed=seed, dirty=dirty, file_format=file_format,
                progress=lambda step, share: bar.update(task, description=step, completed=share),
            )  # fmt: skip
        except ValueError as error:
            raise fail(str(error)) from error
        bar.update(task, completed=1.0)
    out.print(str(target), markup=False, soft_wrap=True)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description:<22}"), BarColumn(), TimeElapsedColumn(), console=err, transient=True)


@app.command("load")
def load_command(
    export: Annotated[Path, typer.Argument(help="Export folder (or, with a mapping, one file).")],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file for another layout.")] = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and account for everything, publish nothing.")] = False,
    stage: Annotated[bool, typer.Option("--stage", help="Build it but lay it aside: see snapshots --publish, --discard.")] = False,
    keeper: Annotated[Path | None, typer.Option("--keeper", help="Lock file: keep what is staged while a process holds it.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write the outcome to this file, as JSON.")] = None,
    progress: Annotated[str, typer.Option("--progress", help="bar, or json: one line a step on standard error")] = "bar",
    lang: LangOption = "en",
) -> None:
    """Load an export as a new snapshot. Exit code 1 and the old snapshot kept if it is refused."""
    if progress not in ("bar", "json"):
        raise fail(f"--progress: got {progress!r}, expected bar or json")
    quiet = progress == "json"
    _load(export, Home(home), mapping, dataset, dry_run, _lang(lang), quiet=quiet, stage=stage, keeper=keeper, report=report, lines=quiet)


def _step_line(step: str, share: float) -> None:
    print(json.dumps({"step": step, "share": round(share, 4)}, ensure_ascii=False), file=sys.stderr, flush=True)


def _load(
    export: Path,
    home: Home,
    mapping: Path | None,
    dataset: str | None,
    dry_run: bool,
    lang: str,
    *,
    quiet: bool = False,
    stage: bool = False,
    keeper: Path | None = None,
    report: Path | None = None,
    lines: bool = False,
) -> None:
    with nullcontext() if lines else _progress() as bar:
        task = bar.add_task("load", total=1.0) if bar else None

        def step(name: str, share: float) -> None:
            if bar is None or task is None:
                _step_line(name, share)
            else:
                bar.update(task, description=name, completed=share)

        try:
            loaded = load(export, home, mapping_path=mapping, dataset=dataset, dry_run=dry_run, stage=stage, keeper=keeper, progress=step)
            if report is not None:
                outcome.write(report, outcome.described(loaded, home))
        except LoadRefused as error:
            if report is not None:
                outcome.write(report, outcome.refused(error))
            if bar:
                bar.stop()
            for breach in error.breaches:
                err.print(breach_line(breach, lang), markup=False, soft_wrap=True)
            refused = {
                "en": f"refused, breaches: {len(error.breaches)}; the snapshot in service stays",
                "zh": f"已拒绝:{len(error.breaches)} 处不符,原快照继续使用",
            }
            raise fail(refused[lang]) from error
    if quiet:
        out.print(f"{loaded.dataset}: {loaded.snapshot}", markup=False)
    else:
        _show_load(loaded, lang)


def _show_load(loaded: Loaded, lang: str) -> None:
    """Accounting per file, breaches, flags, changes and the waterfall."""
    heads = {
        "en": ("File", "Table", "Read", "Loaded", "Rejected", "Folded", "Blank", "Used", "Unused", "Ignored columns"),
        "zh": ("文件", "表", "读取", "载入", "拒绝", "合并重复", "空行", "使用", "未用", "忽略的列"),
    }[lang]
    table = Table(*heads)
    for a in loaded.accounts:
        whole = a.table is not None
        table.add_row(
            escape(a.name), a.table or "", f"{a.rows_read:,}", f"{a.rows_loaded:,}" if whole else "", f"{a.rows_rejected:,}",
            f"{a.rows_folded:,}" if whole else "", f"{a.rows_blank:,}", "" if a.rows_used is None else f"{a.rows_used:,}",
            "" if a.rows_unused is None else f"{a.rows_unused:,}", escape(", ".join(a.ignored_headers)),
        )  # fmt: skip
    out.print(table)
    if loaded.ignored_files:
        names = ", ".join(loaded.ignored_files)
        out.print(f"{'files no table reads' if lang == 'en' else '未被任何表读取的文件'}: {names}", markup=False, soft_wrap=True)
    for (_, kind, _), alike in groupby(loaded.breaches, key=lambda found: (found[0].table, found[0].kind, found[0].column)):
        shown = list(alike)
        for breach, _ in shown:
            out.print(breach_line(breach, lang), markup=False, soft_wrap=True)
        if more := shown[0][1] - len(shown):
            rest = {"en": f"… and {more:,} more: {kind_label(kind, lang)}", "zh": f"…… 另有 {more:,} 处:{kind_label(kind, lang)}"}
            out.print(rest[lang], markup=False, soft_wrap=True)
    for kind, count in loaded.flags:
        out.print(f"{'flagged' if lang == 'en' else '已标记'}: {kind_label(kind, lang)} (×{count:,})", markup=False, soft_wrap=True)
    for name, change in loaded.changes.items():
        counts = {
            "en": f"{name}: {change.added:,} added, {change.changed:,} changed, {change.unchanged:,} unchanged",
            "zh": f"{name}:新增 {change.added:,},变更 {change.changed:,},未变 {change.unchanged:,}",
        }
        out.print(counts[lang], markup=False)
    w = loaded.waterfall
    sums = {
        "en": f"as exported {w['exported_amount']} − duplicates {w['duplicate_amount']} − failed and pending {w['unposted_amount']} "
        f"− reversed {w['reversed_amount']} = net cash {w['net_amount']} {loaded.currency}",
        "zh": f"导出 {w['exported_amount']} − 重复 {w['duplicate_amount']} − 失败与待入账 {w['unposted_amount']} "
        f"− 冲正 {w['reversed_amount']} = 净回款 {w['net_amount']} {loaded.currency}",
    }
    if "payments" not in loaded.missing_tables:
        out.print(sums[lang], markup=False, soft_wrap=True)
    if loaded.missing_tables:
        names = ", ".join(contract().tables[name].label[lang] for name in loaded.missing_tables)
        out.print(f"{'not supplied' if lang == 'en' else '未提供'}: {names}", markup=False, soft_wrap=True)
    if loaded.identical:
        state = {"en": "nothing changed; in service: ", "zh": "没有变化,使用中:"}
    elif loaded.staged:
        state = {"en": "staged, not in service: ", "zh": "已暂存,未启用:"}
    elif loaded.published:
        state = {"en": "in service: ", "zh": "已启用:"}
    else:
        state = {"en": "dry run, nothing published: ", "zh": "试运行,未发布:"}
    out.print(f"{state[lang]}{loaded.dataset} {loaded.snapshot} ({'as of' if lang == 'en' else '数据截至'} {loaded.as_of})", markup=False)


@app.command()
def snapshots(
    home: HomeOption = None,
    use: Annotated[str | None, typer.Option("--use", help="Put this snapshot in service (roll back or forward).")] = None,
    publish: Annotated[str | None, typer.Option("--publish", help="Put this staged snapshot in service.")] = None,
    discard: Annotated[str | None, typer.Option("--discard", help="Throw this staged snapshot away.")] = None,
) -> None:
    """List the snapshots kept, or put one in service."""
    place = Home(home)
    try:
        if publish is not None:
            place.publish(publish)
        if discard is not None:
            place.staged(discard)
            place.discard(discard)
        if use is not None:
            info = place.info(snapshot=use)
            with place.lock():
                place.point(info.dataset, info.id)
        current = place.pointer().datasets
        table = Table("", "Data set", "Snapshot", "As of", "Loaded at", "Rows")
        for name in current:
            for info in place.history(name):
                mark = "●" if current[name] == info.id else ""
                table.add_row(mark, info.dataset, info.id, str(info.as_of), info.loaded_at, f"{info.rows:,}")
    except (NothingLoaded, Overtaken, Busy) as error:
        raise fail(str(error)) from error
    out.print(table)


@app.command("metrics")
def metrics_command(
    name: Annotated[str | None, typer.Argument(metavar="[ID]")] = None, lang: LangOption = "en", format: FormatOption = "table"
) -> None:
    """What each metric means."""
    lang = _lang(lang)
    try:
        chosen = [metric(name)] if name else list(metrics().values())
    except UnknownName as error:
        raise fail(str(error)) from error
    rows = [
        {
            "id": m.id, "label": m.label[lang], "formula": m.formula[lang], "basis": m.basis, "unit": m.unit, "better": m.better,
            "part": m.part, "whole": m.whole, "needs": ", ".join(needs_of(m.id)), "trap": m.trap[lang],
        }
        for m in chosen
    ]  # fmt: skip
    if format == "json":
        print(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _print_rows(rows, format)


@app.command()
def measure(
    names: Annotated[str, typer.Argument(metavar="ID[,ID…]")],
    by: Annotated[str, typer.Option("--by", help="DIM[,DIM…]")] = "",
    start: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD; the data's first day unless told.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; the as-of day unless told.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="DIM=V[,V…], repeatable")] = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    snapshot: Annotated[str | None, typer.Option("--snapshot", help="An older snapshot.")] = None,
    format: FormatOption = "table",
    lang: LangOption = "en",
) -> None:
    """Answer metrics over a period, cut by dimensions."""
    # only here: every upload starts a load of its own, which has no use for what answers questions or a database of what people write
    from dashboard.rollout import current
    from dashboard.state import StateTooNew, StateUnavailable, address, opened
    from dashboard.warehouse import Warehouse

    try:
        warehouse = Warehouse(Home(home).info(dataset, snapshot))
        filters = Filters(
            _day(start, "--from") or warehouse.info.first_on,
            _day(until, "--to") or warehouse.info.as_of,
            comparison="none",
            where=tuple(_choice(text, warehouse) for text in where or ()),
        )
        asked = names.split(",")
        if snapshot is None and any(entry.of in current.RELATIONS for entry in plain(tuple(asked))):  # with what people wrote, as the page has it
            kept = opened(address(Home(home).path))
            warehouse = current.counted(warehouse, current.plan(warehouse, kept, warehouse.info.dataset, None))
        answer = warehouse.measure(asked, [name for name in by.split(",") if name], filters=filters)
    except (NothingLoaded, UnknownName, QueryFailed, StateTooNew, StateUnavailable, ValueError) as error:
        raise fail(str(error)) from error
    _print_answer(answer, warehouse, _lang(lang), format)


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{option}: got {text!r}, expected a day such as 2026-10-31") from error


def _choice(text: str, warehouse: Warehouse) -> tuple[str, tuple[str, ...]]:
    """A dimension and its values. One that the data doesn't have is named with the nearest that it has: it would pass for nothing at all."""
    name, sign, values = text.partition("=")
    if not sign or not values:
        raise ValueError(f"--where: got {text!r}, expected DIM=V[,V…]")
    known = warehouse.choices(name)
    if values in known:  # a value may hold a comma
        return name, (values,)
    chosen = tuple(values.split(","))
    for value in chosen if known else ():
        if value not in known:
            folded = {one.casefold(): one for one in known}
            near = get_close_matches(value.casefold(), folded, 3)
            raise ValueError(
                f"--where {name}: got {value!r}, which the data doesn't have; {'nearest' if near else 'it has'}: "
                + ", ".join(repr(folded[one]) for one in near or sorted(folded)[:12])
            )
    return name, chosen


def _print_answer(answer: Answer, warehouse: Warehouse, lang: str, format: str) -> None:
    missing = {name: list(what) for name, what in answer.missing.items()}
    if format == "json":
        where = {name: list(values) for name, values in answer.filters.where}
        whole = {
            "snapshot": answer.snapshot,
            "as_of": answer.as_of.isoformat(),
            "filters": {"from": answer.filters.start.isoformat(), "to": answer.filters.until.isoformat(), **where},
            "missing": missing,
            "partial": sorted(day.isoformat() for day in answer.partial),
            "rows": [{key: plain_value(value) for key, value in row.items()} for row in answer.rows],
        }
        print(json.dumps(whole, ensure_ascii=False, indent=1))
        return
    if format == "table":
        rows = [{key: _shown(key, value, warehouse, lang) for key, value in row.items()} for row in answer.rows]
        _print_rows(rows, format)
    else:
        _print_rows(answer.rows, format)
    for name, what in missing.items():
        err.print(f"{name}: {'not supplied' if lang == 'en' else '未提供'}: {', '.join(what)}", markup=False, soft_wrap=True)
    err.print(f"{answer.snapshot} · {'as of' if lang == 'en' else '数据截至'} {answer.as_of}", markup=False)


def plain_value(value: Any) -> Any:
    """A value as JSON carries it: amounts as strings with their cents, days as ISO, rates at full precision."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _shown(key: str, value: Any, warehouse: Warehouse, lang: str) -> str:
    if value is None:
        return "—"
    name = key
    for suffix in ("_low", "_high"):
        name = name.removesuffix(suffix) if name.removesuffix(suffix) in metrics() else name
    if name in metrics() and metrics()[name].unit == "rate":
        return formats.rate(value)
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_rows(rows: Sequence[dict[str, Any]], format: str) -> None:
    if format == "csv":
        buffer = io.StringIO()
        if rows:
            writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
        print(buffer.getvalue(), end="")
    elif format == "json":
        print(json.dumps([{key: plain_value(value) for key, value in row.items()} for row in rows], ensure_ascii=False, indent=1))
    elif format == "table":
        table = Table()
        for name in rows[0] if rows else ():
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
        out.print(table)
    else:
        raise fail(f"--format: got {format!r}, expected table, csv or json")


@app.command()
def report(
    name: Annotated[str, typer.Argument()],
    settings: Annotated[list[str] | None, typer.Option("--set", help="k=v, repeatable")] = None,
    home: HomeOption = None,
    dataset: DatasetOption = None,
    format: FormatOption = "table",
) -> None:
    """Run a report of queries/reports with its parameters."""
    from dashboard.warehouse import Warehouse

    try:
        parameters = dict(_setting(text) for text in settings or ())
        rows = Warehouse(Home(home).info(dataset)).run(name, parameters)
    except (NothingLoaded, UnknownName, QueryFailed, ValueError) as error:
        raise fail(str(error)) from error
    _print_rows(rows, format)


def _setting(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"--set: got {text!r}, expected k=v")
    if value == "":
        return name, None
    return name, int(value) if value.lstrip("-").isdigit() else value
