"""The outcome of a load as plain JSON, for whoever ran it in a process of its own; knows nothing of how it is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboard.breaches import Breach, LoadRefused
from dashboard.home import Home, write_durably
from dashboard.load import Loaded


def described(loaded: Loaded, home: Home) -> dict[str, Any]:
    """What became of a load that was not refused; a staged one also carries its main figures beside those in service.

    Rows are shaped as the reports `files` and `breaches` give them; amounts are text with their cents, days ISO.
    """
    state = "identical" if loaded.identical else "staged" if loaded.staged else "published" if loaded.published else "dry_run"
    return {
        "outcome": state,
        "dataset": loaded.dataset,
        "snapshot": loaded.snapshot,
        "parent": loaded.parent,
        "as_of": loaded.as_of,
        "currency": loaded.currency,
        "accounting": [
            {
                "name": account.name, "table_id": account.table, "encoding": account.encoding, "rows_read": account.rows_read,
                "rows_loaded": account.rows_loaded if account.table else None, "rows_rejected": account.rows_rejected,
                "rows_folded": account.rows_folded if account.table else None, "rows_blank": account.rows_blank,
                "rows_used": account.rows_used, "rows_unused": account.rows_unused, "ignored_headers": "; ".join(account.ignored_headers),
            }
            for account in loaded.accounts
        ],
        "breaches": [_breach(breach, count) for breach, count in loaded.breaches],
        "flags": [{"kind": kind, "occurrences": count} for kind, count in loaded.flags],
        "changes": [
            {"table_id": name, "added": change.added, "changed": change.changed, "unchanged": change.unchanged}
            for name, change in loaded.changes.items()
        ],
        "waterfall": loaded.waterfall,
        "missing_tables": loaded.missing_tables,
        "ignored_files": loaded.ignored_files,
        "figures": _figures(loaded, home) if loaded.staged else None,
    }  # fmt: skip


def _figures(loaded: Loaded, home: Home) -> dict[str, Any]:
    from dashboard.upload import figures  # only here: most loads stage nothing, and what answers questions takes long to start

    return figures.compared(home.staged(loaded.snapshot), home.file(loaded.parent) if loaded.parent else None)


def refused(error: LoadRefused) -> dict[str, Any]:
    """A load that was refused, with every breach."""
    return {"outcome": "refused", "breaches": [_breach(breach, None) for breach in error.breaches]}


def write(path: Path, outcome: Mapping[str, Any]) -> None:
    """Write an outcome, whole or not at all."""
    write_durably(path, json.dumps(outcome, ensure_ascii=False, default=_plain))


def _breach(breach: Breach, occurrences: int | None) -> dict[str, Any]:
    return {
        "kind": breach.kind, "table_id": breach.table, "column_id": breach.column, "file": breach.file, "line": breach.line,
        "value": breach.value, "expected": breach.expected, "details": breach.details, "occurrences": occurrences,
    }  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")
