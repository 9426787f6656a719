"""Tables drawn as text in a test, written as an export folder; knows the contract's columns, nothing of loading."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboard.contract import contract

#: What a required column holds where a drawing leaves it out (keys of one column are numbered: P1, P2, …).
DEFAULTS = {
    "product": "card",
    "placed_on": "2026-01-01",
    "placed_balance": "1000.00",
    "days_past_due": "30",
    "balance": "1000.00",
    "kind": "payment",
    "amount": "100.00",
    "name": "Name",
    "team": "A",
    "grade": "junior",
    "hired_on": "2020-01-01",
    "productive_hours": "7.5",
    "started_at": "2026-01-15 10:00:00",
    "channel": "phone",
    "direction": "outbound",
    "outcome": "no_answer",
    "made_at": "2026-01-15 10:00:00",
    "category": "conduct",
    "score": "80",
    "passed": "yes",
    "measure": "team",
    "owner": "Owner",
    "percent": "0",
}
PREFIX = {"promises": "PR", "plans": "PL", "collectors": "W", "contacts": "K", "complaints": "Q", "milestones": "M"}
Rows = list[list[str]]


def drawn(text: str) -> tuple[list[str], Rows]:
    """Header and rows of a block such as::

        case_id | placed_on  | placed_balance
        --------|------------|---------------
        C1      | 2026-01-05 | 1000

    The rule under the header is optional, a cell of spaces is empty, `''` too. Raises ValueError for a row of another width.
    """
    lines = [line for line in textwrap.dedent(text).splitlines() if line.strip() and set(line.strip()) - set("-+| ")]
    if not lines:
        return [], []
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    header, rows = cells[0], cells[1:]
    for line, row in zip(lines[1:], rows, strict=True):
        if len(row) != len(header):
            raise ValueError(f"{len(header)} columns drawn, {len(row)} cells in: {line}")
    return header, [["" if cell == "''" else cell for cell in row] for row in rows]


def completed(table: str, header: Sequence[str], rows: Rows) -> tuple[list[str], Rows]:
    """The drawing with every required column of the contract that it left out, from DEFAULTS."""
    header, rows = list(header), [list(row) for row in rows]
    spec = contract().tables[table]
    for column in spec.columns.values():
        if column.optional or column.id in header:
            continue
        numbered = spec.key == (column.id,) and column.type == "id"
        if not numbered and column.id not in DEFAULTS:
            raise ValueError(f"draw {table}.{column.id}: it has no default")
        header.append(column.id)
        for number, row in enumerate(rows, start=1):
            if table == "payments" and column.id == "kind":
                at = header.index("amount") if "amount" in header else None
                row.append("reversal" if at is not None and at < len(row) and row[at].startswith("-") else "payment")
            else:
                row.append(f"{PREFIX.get(table, table[0].upper())}{number}" if numbered else DEFAULTS[column.id])
    return header, rows


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """One CSV file, quoted only where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_export(folder: Path, tables: Mapping[str, str], *, complete: bool = True, settings: Mapping[str, str] | None = None) -> Path:
    """An export folder of drawn tables. `complete` fills in required columns; `settings` become `[export]` of export.toml as written."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in tables.items():
        header, rows = drawn(text)
        if complete:
            header, rows = completed(table, header, rows)
        write_csv(folder / f"{table}.csv", header, rows)
    if settings:
        lines = "\n".join(f"{key} = {value}" for key, value in settings.items())
        (folder / "export.toml").write_text(f"[export]\n{lines}\n", encoding="utf-8")
    return folder
