"""The outcome of a tried load as rows and sentences for a page, in a person's language; draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from dashboard import formats, naming, quality
from dashboard.breaches import Breach, kind_label
from dashboard.home import SnapshotInfo
from dashboard.metrics import metrics
from dashboard.upload.parcel import KINDS, Limits, ParcelRefused, megabytes
from dashboard.upload.runs import RUN_SECONDS, Run, bundled
from dashboard.words import has, listed, word

STEPS = ("exported_amount", "duplicate_amount", "unposted_amount", "gross_amount", "reversed_amount", "net_amount")


COUNTS = ("rows_read", "rows_loaded", "rows_rejected", "rows_folded", "rows_blank", "rows_used", "rows_unused")
CHANGES = {"table": "text", "added": "total", "changed": "total", "unchanged": "total"}
FILES = {"name": "text", "table": "text", "encoding": "text", **dict.fromkeys(COUNTS, "total"), "ignored": "text"}
BREACHES = {
    **dict.fromkeys(("kind", "table", "column", "file", "line", "value", "expected"), "text"),
    "occurrences": "count",
}
FLAGS = {"kind": "text", "occurrences": "total"}
#: Choices that are no data set and no mapping of that name; not printable, so nothing can be called so.
NEW, OWN = "\0new", "\0own"
#: What is said when an upload is over, and how loudly.
ENDS = {
    "unchanged": ("info", "upload.unchanged_all"),
    "published": ("success", "upload.published"),
    "discarded": ("info", "upload.discarded"),
    "cancelled": ("info", "upload.cancelled"),
    "failed": ("error", "upload.failed"),
    "late": ("error", "upload.late"),
    "gone": ("warning", "upload.gone"),
    "overtaken": ("warning", "upload.overtaken"),
}
#: What can be done next in a state: name and words, the main one first; in any other state, start afresh.
ACTIONS = {
    "ready": (("publish", "upload.publish"), ("discard", "upload.discard")),
    "overtaken": (("again", "upload.again"), ("discard", "upload.discard")),
}


def limits(lang: str) -> str:
    """What can be sent, in one sentence."""
    most, kinds = Limits(), ", ".join(kind for kind in KINDS if kind not in ("zip", "toml"))
    size, unpacked = megabytes(most.received), megabytes(most.unpacked)
    return word("upload.limits", lang, zip="zip", kinds=kinds, size=size, files=formats.count(most.files), unpacked=unpacked)


def datasets(infos: Mapping[str, SnapshotInfo], first: str, lang: str) -> dict[str, str]:
    """The data sets to load into, one of them first, and a new one."""
    names = [first, *(name for name in infos if name != first)]
    titles = {name: info.title.get(lang) or name for name, info in infos.items()}
    return {**{name: titles.get(name, name) for name in names}, NEW: word("upload.new", lang)}


def layouts(lang: str) -> dict[str, str]:
    """The contract's own layout, the mappings that come with the product, and one's own."""
    return {"": word("upload.contract", lang), **{name: name for name in bundled()}, OWN: word("upload.own", lang)}


def problem(refusal: ParcelRefused, lang: str) -> str:
    """Why what was sent is not taken in, safe in markdown."""
    said = {name: value.message(lang) if isinstance(value, Breach) else value for name, value in refusal.values.items()}
    return word(f"upload_refused.{refusal.kind}", lang, **{name: formats.plain(value) for name, value in said.items()})


def said(run: Run, lang: str) -> list[tuple[str, str]]:
    """How an upload ended and what is to be known besides, in words safe in markdown, and how loudly to say each."""
    told = []
    if run.state in ENDS:
        kind, key = ENDS[run.state]
        names = {"dataset": formats.plain(run.dataset), "id": formats.plain(run.outcome.get("snapshot", ""))}
        told.append((kind, word(key, lang, **names, token=run.token, minutes=formats.count(RUN_SECONDS // 60))))
    if run.busy:
        told.append(("warning", word("upload.busy", lang)))
    reach = (run.outcome.get("figures") or {}) if run.state == "ready" else {}
    if reach and reach["as_of_before"] is not None and reach["as_of_after"] < reach["as_of_before"]:
        told.append(("warning", word("upload.as_of_back", lang)))
    for key, files in (("upload.left_out", run.left_out), ("upload.ignored_files", run.outcome.get("ignored_files", ()))):
        if files:
            told.append(("info", word(key, lang, names=listed([formats.plain(name) for name in files], lang))))
    return told


def heading(run: Run, lang: str) -> tuple[str, str]:
    """Title and note of the answer."""
    dataset = formats.plain(run.dataset)
    if run.state == "refused":
        count = formats.count(len(run.outcome["breaches"]))
        return word("upload.refused", lang), word("upload.refused_note", lang, count=count)
    if run.state != "ready":
        return word("upload.answer", lang, dataset=dataset), ""
    snapshot, seconds = formats.plain(run.outcome["snapshot"]), formats.count(run.seconds)
    note = word("upload.ready_note", lang, id=snapshot, seconds=seconds)
    reach, over = formats.plain(as_of(run.outcome, lang)), formats.plain(month(run.outcome, lang))
    return word("upload.ready", lang, dataset=dataset), f"{note}  \n{reach}  \n{over}"


def actions(run: Run, lang: str) -> list[tuple[str, str, Literal["primary", "secondary"]]]:
    """What can be done next: name, words, and the weight of the button."""
    offered = ACTIONS.get(run.state, (("another", "upload.another"),))
    return [(name, word(key, lang), "secondary" if place else "primary") for place, (name, key) in enumerate(offered)]


def about(run: Run, lang: str) -> tuple[tuple[str, str], ...]:
    """What a file of the outcome says it holds."""
    facts = [(word("frame.dataset", lang), run.dataset)]
    if "snapshot" in run.outcome:
        facts.append((word("upload.snapshot", lang), run.outcome["snapshot"]))
    return tuple(facts)


@dataclass(frozen=True)
class Sheet:
    """A table of the outcome: columns by name and unit, and what is said where it has no rows."""

    key: str
    title: str
    note: str
    rows: list[dict[str, Any]]
    units: dict[str, str]
    empty: str = ""


def tables(run: Run, lang: str) -> list[Sheet]:
    """What became of every file, what is wrong, what is to be looked at and what changes; of a refused load, what is wrong."""
    done = run.outcome
    if run.state not in ("ready", "refused"):
        return []
    wrong = quality.breaches(done["breaches"], lang)
    if run.state == "refused":
        return [Sheet("refused", word("data.breaches", lang), "", wrong, BREACHES)]
    parent = done["parent"]
    against = word("upload.changes_note", lang, parent=formats.plain(parent)) if parent else word("upload.changes_new", lang)
    files = quality.files(done["accounting"], lang)
    accounted = word("data.accounted" if quality.accounted(done["accounting"]) else "data.not_accounted", lang)
    flags_note, no_flags = word("upload.flags_note", lang), word("data.no_flags", lang)
    found = word("upload.found_note", lang)
    return [
        Sheet("changes", word("upload.changes", lang), against, changes(done, lang), CHANGES),
        Sheet("files", accounted, word("data.files_note", lang), files, FILES),
        Sheet("breaches", word("data.breaches", lang), found, wrong, BREACHES, word("data.no_breaches", lang)),
        Sheet("flags", word("data.flags", lang), flags_note, flags(done, lang), FLAGS, no_flags),
    ]


def step(name: str, lang: str) -> str:
    """What the load is doing, in words."""
    first, _, rest = name.partition(" ")
    key = f"upload_step.{first}" if has(f"upload_step.{first}") else "upload_step.start" if not first else "upload_step.model"
    what = quality.table_name(rest, lang) if first in ("check", "map") else rest
    return word(key, lang, what=what or "")


def changes(outcome: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """One row per table the load touches: rows added, changed and unchanged."""
    return [{**row, "table": quality.table_name(row["table_id"], lang)} for row in outcome["changes"]]


def flags(outcome: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """One row per kind of suspicion, over the data set as it would be."""
    return [{**row, "kind": kind_label(row["kind"], lang)} for row in outcome["flags"]]


def money(outcome: Mapping[str, Any]) -> dict[str, Decimal]:
    """The waterfall's amounts, exact."""
    amounts = {name: Decimal(value) for name, value in outcome["waterfall"].items()}
    amounts["gross_amount"] = amounts["exported_amount"] - amounts["duplicate_amount"] - amounts["unposted_amount"]
    return amounts


def figures(run: Run, lang: str) -> list[tuple[str, str, str | None, int, str | None]]:
    """Per main figure: name, value to come, change and its direction (-1, 0, 1), and the value in service or what is lacking."""
    made: list[tuple[str, str, str | None, int, str | None]] = []
    for row in run.outcome["figures"]["rows"] if run.state == "ready" else ():
        metric, currency = metrics()[row["metric"]], run.outcome["currency"]
        change, direction = formats.difference(metric.unit, row["after"], row["before"], lang)
        note = None
        if row["missing"]:
            note = word("upload.lacks", lang, names=listed([naming.need(need, lang) for need in row["missing"]], lang))
        elif row["before"] is not None and row["before"] == row["after"]:
            change, note = formats.MISSING, word("upload.same", lang)
        elif row["before"] is not None:
            note = word("upload.was", lang, value=formats.measure(metric.unit, row["before"], currency, lang))
        shown = None if change == formats.MISSING else change
        made.append((metric.label[lang], formats.measure(metric.unit, row["after"], currency, lang), shown, direction, note))
    return made


def as_of(outcome: Mapping[str, Any], lang: str) -> str:
    """Where the as-of day moves, in one sentence."""
    before, after = outcome["figures"]["as_of_before"], date.fromisoformat(outcome["figures"]["as_of_after"])
    if before is None:
        return word("upload.as_of_new", lang, day=formats.day(after, lang))
    earlier = date.fromisoformat(before)
    if earlier == after:
        return word("upload.as_of_stays", lang, day=formats.day(after, lang))
    days = formats.days((after - earlier).days, lang, signed=True)
    return word("upload.as_of_moves", lang, before=formats.day(earlier, lang), after=formats.day(after, lang), days=days)


def month(outcome: Mapping[str, Any], lang: str) -> str:
    """The month the main figures are compared over, or that there is none."""
    start = outcome["figures"]["from"]
    if start is None:
        return word("upload.no_month", lang)
    return word("upload.over_month", lang, month=formats.month(date.fromisoformat(start), lang))
