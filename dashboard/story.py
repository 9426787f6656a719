"""Everything that happened to one case, in words: rows of the case reports to lanes of a timeline and lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from dashboard import formats
from dashboard.contract import contract
from dashboard.words import word

#: The lanes of a timeline from the top, each with the kinds of event in it.
LANES = {
    "holder": ("holder",),
    "case": ("placed", "left"),
    "balance": ("balance",),
    "contact": ("contact",),
    "promise": ("promise",),
    "plan": ("plan", "instalment"),
    "payment": ("payment",),
    "followup": ("followup",),
    "complaint": ("complaint",),
}
#: The tables that a story is made of.
TABLES = (
    "cases", "assignments", "balances", "contacts", "promises", "plans", "instalments", "payments", "followups", "complaints",
)  # fmt: skip
_CODES = {
    "state": "state", "payment_kind": "payment_kind", "payment_status": "payment_status", "channel": "channel", "direction": "direction",
    "outcome": "outcome", "party": "party", "willingness": "willingness", "ability": "ability", "close_reason": "close_reason",
}  # fmt: skip


def told(rows: Iterable[Mapping[str, Any]], lang: str, currency: str) -> list[dict[str, Any]]:
    """Each event with its lane, when as read, what it was in words, its amount, who, and where it stands in the export."""
    lane_of = {kind: lane for lane, kinds in LANES.items() for kind in kinds}
    made = []
    for row in rows:
        made.append(
            {
                "lane": lane_of[row["kind"]],
                "happened_at": row["happened_at"],
                "until_at": row["until_on"] if row["kind"] == "holder" else None,
                "day": moment(row["happened_at"], lang),
                "what": word(f"event.{row['kind']}", lang),
                "detail": _detail(row, lang),
                "money": row["amount"],
                "who": who(row, lang),
                "file": row["file"],
                "line": row["line"],
                "text": formats.full_amount(row["amount"], currency) if row["amount"] is not None else "",
            }
        )
    return made


def who(row: Mapping[str, Any], lang: str) -> str | None:
    """A collector: name where it may be shown, number and team."""
    if row["collector_id"] is None:
        return None
    named = " ".join(filter(None, [row["collector_name"], str(row["collector_id"])]))
    return f"{named} · {row['team']}" if row["team"] else named


def moment(value: datetime, lang: str) -> str:
    """A day, with the time where it has one."""
    return formats.day(value.date(), lang) + ("" if value.time() == time() else f" {value:%H:%M}")


def _detail(row: Mapping[str, Any], lang: str) -> str:
    parts = [code(name, row[column], lang) for column, name in _CODES.items() if row[column] and not _usual(column, row[column])]
    if row["kind"] == "instalment":
        parts.append(word("event.number", lang, n=row["note"]))
    elif row["note"] or row["method"]:
        parts += [text for text in (row["note"], row["method"]) if text]
    if row["days_past_due"] is not None:
        parts.append(word("event.past_due", lang, days=formats.measure("days", row["days_past_due"], "", lang)))
    until = {"holder": "event.held_until", "promise": "event.due", "plan": "event.ended", "complaint": "event.resolved"}.get(row["kind"])
    if until and row["until_on"] is not None:
        parts.append(word(until, lang, day=formats.day(row["until_on"].date(), lang)))
    if row["kind"] == "followup" and row["until_on"] is not None:
        parts.append(word("event.planned", lang, day=formats.day(row["until_on"].date(), lang)))
    if row["is_upheld"] is not None:
        parts.append(word("event.upheld" if row["is_upheld"] else "event.not_upheld", lang))
    return " · ".join(parts)


def _usual(column: str, value: str) -> bool:
    """What goes without saying."""
    return (column, value) in (("payment_status", "posted"), ("direction", "outbound"), ("state", "open"))


def code(name: str, value: str, lang: str) -> str:
    """A code of the contract as read."""
    entry = contract().codes.get(name, {}).get(value)
    return entry.label[lang] if entry is not None else value


def reason(value: str, lang: str) -> str | None:
    """Why a case left, None for one that is open."""
    if value == "open":
        return None
    return word("code.unrecorded", lang) if value == "unrecorded" else code("close_reason", value, lang)


def lanes(events: Sequence[Mapping[str, Any]], lang: str, as_of: date) -> list[tuple[int, str, list[tuple[datetime, datetime | None, str]]]]:
    """Per lane that has anything: number, name, and each event: when, until when (spans only, cut at the as-of day), and its text."""
    end = datetime.combine(as_of, time(23, 59))
    made = []
    for number, lane in enumerate(LANES):
        held = [event for event in events if event["lane"] == lane]
        spans = lane == "holder"
        points = [
            (event["happened_at"], min(event["until_at"] or end, end) if spans else None, _hover(event))
            for event in held
        ]  # fmt: skip
        if points:
            made.append((number, word(f"lane.{lane}", lang), points))
    return made


def _hover(event: Mapping[str, Any]) -> str:
    return "\n".join(filter(None, [f"{event['day']} · {event['what']}", event["text"], event["detail"], event["who"]]))
