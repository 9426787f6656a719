"""What a snapshot says of its own load, put into rows to be read: tables, files, breaches, flags, rejects; no figures about cases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from dashboard import formats
from dashboard.breaches import expectation, kind_label
from dashboard.contract import contract
from dashboard.words import word

Rows = Sequence[Mapping[str, Any]]


def table_name(table: str | None, lang: str) -> str | None:
    """A contract table's name."""
    return contract().tables[table].label[lang] if table in contract().tables else table


def column_name(table: str | None, column: str | None, lang: str) -> str | None:
    """A contract column's name."""
    known = contract().tables[table].columns if table in contract().tables else {}
    return known[column].label[lang] if column in known else column


def tables(held: Rows, sources: Rows, supplied: Rows, lang: str) -> list[dict[str, Any]]:
    """One row per table supplied: rows in the snapshot, first and last day, days behind, and the optional columns it came without."""
    rows = {row["table_id"]: row["row_count"] for row in held}
    dated = {row["table_id"]: row for row in sources}
    columns: dict[str, set[str]] = {}
    for row in supplied:
        columns.setdefault(row["table_id"], set()).add(row["column_id"])
    return [
        {
            "table": table.label[lang],
            "rows": rows.get(name),
            "first_on": dated.get(name, {}).get("first_on"),
            "last_on": dated.get(name, {}).get("last_on"),
            "lag_days": dated.get(name, {}).get("lag_days"),
            "without": word("state.and", lang).join(column.label[lang] for column in table.loaded if column.id not in columns[name]) or None,
        }
        for name, table in contract().tables.items()
        if name in columns
    ]


def not_supplied(supplied: Rows) -> list[str]:
    """The contract's tables that the export did not bring."""
    there = {row["table_id"] for row in supplied}
    return [name for name in contract().tables if name not in there]


def files(rows: Rows, lang: str) -> list[dict[str, Any]]:
    """Per file: what was read and what became of it."""
    return [{**row, "table": table_name(row["table_id"], lang), "ignored": row["ignored_headers"] or None} for row in rows]


def breaches(rows: Rows, lang: str) -> list[dict[str, Any]]:
    """One row per example: what is wrong, where, what was found and what was expected."""
    return [
        {
            "kind": kind_label(row["kind"], lang),
            "table": table_name(row["table_id"], lang),
            "column": column_name(row["table_id"], row["column_id"], lang),
            "file": row["file"],
            "line": row["line"],
            "value": row["value"],
            "expected": _expected(row, lang),
            "occurrences": row.get("occurrences"),
        }
        for row in rows
    ]


def flags(rows: Rows, lang: str) -> list[dict[str, Any]]:
    """One row per suspicion: loaded, but to be looked at."""
    return [{**row, "kind": kind_label(row["kind"], lang), "table": table_name(row["table_id"], lang)} for row in rows]


def rejects(rows: Rows, lang: str) -> list[dict[str, Any]]:
    """One row per row put aside, with all it held."""
    return [
        {
            "file": row["file"],
            "line": row["line"],
            "table": table_name(row["table_id"], lang),
            "kind": word("state.and", lang).join(kind_label(kind, lang) for kind in row["kinds"].split(", ")),
            "column": column_name(row["table_id"], row["column_id"], lang),
            "value": row["value"],
            "expected": _expected(row, lang),
            "content": row["content"],
        }
        for row in rows
    ]


def accounted(rows: Rows) -> bool:
    """Whether rows read = loaded + rejected + folded in every file that went into a table."""
    return all(row["rows_read"] == row["rows_loaded"] + row["rows_rejected"] + row["rows_folded"] for row in rows if row["table_id"] is not None)


def stale(sources: Rows) -> list[Mapping[str, Any]]:
    """Sources too far behind the export's last day, the worst first."""
    return sorted((row for row in sources if row["is_stale"]), key=lambda row: (-row["lag_days"], row["table_id"]))


def alerts(missed: Iterable[tuple[str, str, str, str]], sources: Rows, as_of: date, lang: str) -> list[dict[str, Any]]:
    """What needs attention: targets not met (state, metric, value, target), stale sources, a month still running."""
    rows: list[dict[str, Any]] = [
        {
            "what": word(f"alert.{state}", lang, label=label),
            "where": word("alert.house", lang),
            "size": word("alert.against", lang, value=value, target=target),
        }
        for state, label, value, target in missed
    ]
    for row in stale(sources):
        rows.append(
            {
                "what": word("alert.stale", lang),
                "where": table_name(row["table_id"], lang),
                "size": word("alert.behind", lang, days=formats.days(row["lag_days"], lang), day=formats.day(row["last_on"], lang)),
            }
        )
    if as_of != formats.month_end(as_of):
        rows.append(
            {
                "what": word("alert.running", lang),
                "where": formats.month(as_of, lang),
                "size": word("alert.days_of", lang, seen=as_of.day, all=formats.month_end(as_of).day),
            }
        )
    return rows


def _expected(row: Mapping[str, Any], lang: str) -> str | None:
    if row["expected"] is None:
        return None
    details = row["details"]
    known = json.loads(details) if isinstance(details, str) else details or {}
    try:
        return expectation(row["expected"], lang, known)
    except KeyError:
        return None  # a snapshot of an earlier version may lack a detail that today's sentence names
