"""What a plan's file may hold, read and checked: texts, numbers, choices, tables, levels, bands; remembers every problem, knows no plan whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import product as crossed
from typing import Any

from dashboard.incentives.plan import COMPARISONS, TOUCHES, Band, Level, Row, Scaled, Table, Words
from dashboard.incentives.problems import Phrase, Problem, phrase, written


class Values:
    """Reads values out of a file's tables and remembers every problem."""

    def __init__(self, name: str) -> None:
        self.file = name
        self.problems: list[Problem] = []

    # --- single values ------------------------------------------------------------------------------------------------

    def wrong(self, where: str, got: str | Phrase, expected: Phrase, near: str = "") -> None:
        self.problems.append(Problem(f"{self.file}: {where}" if where else self.file, got, expected, near))

    def only(self, entry: Mapping[str, Any], where: str, known: set[str]) -> None:
        for key in entry:
            if key not in known:
                self.wrong(f"{where}.{key}".strip("."), phrase("unknown_name"), one_of(sorted(known)), nearest(key, known))

    def is_table(self, given: Any, where: str) -> bool:
        if not isinstance(given, Mapping):
            self.wrong(where, written(given), phrase("names_values"))
            return False
        return True

    def entries(self, entry: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        given = entry.get(key, [])
        if not isinstance(given, list):
            self.wrong(f"{where}.{key}", written(given), phrase("list", example="{ … }"))
            return
        for number, row in enumerate(given, start=1):
            if self.is_table(row, f"{where}.{key} {number}"):
                yield f"{where}.{key} {number}", dict(row)

    def text(self, entry: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
        value = entry.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{where}.{key}", written(value), phrase("text"))
            return ""
        return value

    def name(self, entry: Mapping[str, Any], key: str, where: str) -> str:
        value = self.text(entry, key, where)
        if value and not (value.isascii() and value.replace("_", "a").isalnum() and value[0].islower()):
            self.wrong(f"{where}.{key}", written(value), phrase("identifier"))
        return value

    def texts(self, entry: Mapping[str, Any], key: str, where: str) -> list[str]:
        value = entry.get(key)
        listed: list[Any] = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(item, str) for item in listed):
            self.wrong(f"{where}.{key}", written(value), phrase("texts"))
            return []
        return listed

    def words(self, entry: Mapping[str, Any], key: str, where: str, optional: bool = False) -> Words:
        value = entry.get(key)
        if value is None and optional:
            return ()
        if not isinstance(value, Mapping) or set(value) != {"en", "zh"} or not all(isinstance(item, str) for item in value.values()):
            self.wrong(f"{where}.{key}", written(value), phrase("example", example='{ en = "…", zh = "…" }'))
            return ()
        return tuple(sorted(value.items()))

    def choice(self, entry: Mapping[str, Any], key: str, where: str, known: Iterable[str], default: str | None = "") -> str | None:
        value = entry.get(key, default)
        if value is None and default is None:
            return None
        if value not in known:
            self.wrong(f"{where}.{key}", written(entry.get(key)), one_of(known))
            return None
        return str(value)

    def whole(self, entry: Mapping[str, Any], key: str, where: str, least: int, default: int | None = None) -> int | None:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.wrong(f"{where}.{key}", written(value), phrase("whole", least=least))
            return None
        return value

    def flag(self, entry: Mapping[str, Any], key: str, where: str, default: bool) -> bool:
        value = entry.get(key, default)
        if not isinstance(value, bool):
            self.wrong(f"{where}.{key}", written(value), one_of(("true", "false")))
            return default
        return value

    def first_of_month(self, entry: Mapping[str, Any], where: str) -> date | None:
        value = entry.get("valid_from")
        if isinstance(value, datetime) or not isinstance(value, date) or value.day != 1:
            self.wrong(f"{where}.valid_from", written(value), phrase("first_of_month", example="2026-01-01"))
            return None
        return value

    def number(self, entry: Mapping[str, Any], key: str, where: str) -> Decimal:
        value = entry.get(key)
        found = decimal(value)
        if found is None:
            self.wrong(f"{where}.{key}", written(value), phrase("number", names=("0.004", "1200", '"0.4%"')))
            return Decimal(0)
        return found

    def share(self, entry: Mapping[str, Any], key: str, where: str) -> Decimal:
        found = self.number(entry, key, where)
        if not 0 <= found <= 1:
            self.wrong(f"{where}.{key}", written(entry.get(key)), phrase("share"))
        elif found * 1_000_000 != int(found * 1_000_000):
            self.wrong(f"{where}.{key}", written(entry.get(key)), phrase("decimals"))
        return found

    def scaled(self, entry: Mapping[str, Any], key: str, where: str, default: Any = None) -> Scaled:
        value = entry.get(key, default)
        if isinstance(value, Mapping):
            self.only(value, f"{where}.{key}", {"times", "of"})
            return Scaled(self.number(value, "times", f"{where}.{key}"), self.text(value, "of", f"{where}.{key}"))
        found = decimal(value)
        if found is None:
            self.wrong(f"{where}.{key}", written(value), phrase("amount", example='{ times = …, of = "…" }'))
            return Scaled(Decimal(0))
        return Scaled(found)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def table(self, entry: dict[str, Any], key: str, where: str, of: str, cuts: Iterable[str]) -> Table:
        """Rows with cuts (a value or a list of them) and one number; that one row always wins is checked."""
        rows: list[Row] = []
        for place, row in self.entries(entry, key, where):
            self.only(row, place, {of, *cuts})
            value = self.number(row, of, place)
            named = [name for name in cuts if name in row]
            for values in crossed(*(self.texts(row, name, place) for name in named)):
                rows.append(Row(tuple(zip(named, values, strict=True)), value))
            for one in self.texts(row, "touch", place) if "touch" in row else ():
                if one not in TOUCHES:
                    self.wrong(f"{place}.touch", written(one), one_of(TOUCHES))
        if not rows:
            self.wrong(f"{where}.{key}", phrase("no_row"), phrase("row_with", name=of))
        self.clear(rows, f"{where}.{key}")
        return Table(tuple(rows))

    def clear(self, rows: list[Row], where: str) -> None:
        """No kind of cash may have two rows that are equally specific."""
        there = {frozenset(row.cut) for row in rows}
        seen: set[frozenset[tuple[str, str]]] = set()
        for row in rows:
            cut = frozenset(row.cut)
            if cut in seen:
                self.wrong(where, phrase("twice", what=_cut_of(row.cut)), phrase("one_each"))
            seen.add(cut)
        told: set[frozenset[tuple[str, str]]] = set()
        for number, one in enumerate(rows):
            for other in rows[number + 1 :]:
                if len(one.cut) != len(other.cut) or frozenset(one.cut) == frozenset(other.cut):
                    continue
                first, second = dict(one.cut), dict(other.cut)
                if any(second.get(name, value) != value for name, value in first.items()):
                    continue
                both = frozenset({**first, **second}.items())
                if both not in there and both not in told:
                    told.add(both)
                    got = phrase("equally_specific", one=_cut_of(one.cut), other=_cut_of(other.cut))
                    self.wrong(where, got, phrase("deciding_row", what=_cut_of(tuple(sorted(both)))))

    def levels(self, entry: dict[str, Any], where: str, value: str) -> tuple[Level, ...]:
        made: list[Level] = []
        for place, row in self.entries(entry, "levels", where):
            self.only(row, place, {"from", value})
            made.append(Level(self.scaled(row, "from", place), self.number(row, value, place)))
        if not made:
            self.wrong(f"{where}.levels", phrase("none"), phrase("levels", example=f'{{ from = 0, {value} = "1%" }}'))
        plain = [level.start.times for level in made if level.start.of is None]
        if plain != sorted(set(plain)):
            self.wrong(f"{where}.levels", ", ".join(map(str, plain)), phrase("rising", name="from"))
        return tuple(made)

    def bands(self, entry: dict[str, Any], where: str) -> tuple[Band, ...]:
        made: list[Band] = []
        rows = list(self.entries(entry, "bands", where))
        for number, (place, row) in enumerate(rows, start=1):
            self.only(row, place, {*COMPARISONS, "factor"})
            named = [name for name in COMPARISONS if name in row]
            if len(named) > 1 or (not named and number < len(rows)):
                self.wrong(place, ", ".join(named) or phrase("no_comparison"), phrase("comparison", names=COMPARISONS))
            made.append(
                Band(
                    named[0] if named else None,
                    self.number(row, named[0], place) if named else Decimal(0),
                    self.number(row, "factor", place),
                )
            )
        if not made or made[-1].compare is not None:
            self.wrong(f"{where}.bands", phrase("no_rest"), phrase("last_band", name="factor"))
        return tuple(made)


def decimal(value: Any) -> Decimal | None:
    """A number as a plan writes it, exact; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        found = Decimal(value)
    elif isinstance(value, str):
        try:
            found = Decimal(value.strip().removesuffix("%").strip()) / (100 if value.strip().endswith("%") else 1)
        except InvalidOperation:
            return None
    else:
        return None
    return found if found.is_finite() else None


def one_of(names: Iterable[str]) -> Phrase:
    """That one of some names is expected."""
    return phrase("one_of", names=tuple(names))


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like another, "" where none is."""
    return next(iter(get_close_matches(name, [*known], n=1)), "")


def _cut_of(cut: Iterable[tuple[str, str]]) -> str | Phrase:
    return " ".join(f"{name} {value}" for name, value in cut) or phrase("everything")
