"""What is wrong in a plan or a payroll layout, said in both languages: where, what stands there, what should; knows no files and no plans.

A `Phrase` is an entry of [plan_problem] and what fills its places: names and figures as they are written, other phrases, lists of either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dashboard.words import listed, word


@dataclass(frozen=True)
class Phrase:
    """Some words by their code, with what fills their places."""

    code: str
    values: tuple[tuple[str, Fill], ...] = ()

    def read(self, lang: str) -> str:
        """The words in a language."""
        return word(f"plan_problem.{self.code}", lang, **{name: _filled(value, lang) for name, value in self.values})


Fill = str | Phrase | tuple["str | Phrase", ...]


def phrase(code: str, **values: Fill | int | date) -> Phrase:
    """Words by their code."""
    return Phrase(code, tuple((name, value if isinstance(value, str | Phrase | tuple) else str(value)) for name, value in values.items()))


@dataclass(frozen=True)
class Problem:
    """What is wrong: where, what stands there, what should, and the nearest name there is if a name is wrong."""

    where: str
    got: str | Phrase
    expected: Phrase
    near: str = ""

    def read(self, lang: str) -> str:
        """The problem in a language."""
        said = word("plan_problem.sentence", lang, where=self.where, got=_filled(self.got, lang), expected=self.expected.read(lang))
        return said + (word("plan_problem.near", lang, name=self.near) if self.near else "")

    def __str__(self) -> str:
        return self.read("en")


class PlanError(ValueError):
    """A plan or layout can't be used; says everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NoSuchPlan(LookupError):
    """No plan or version of what was asked for; says what there is."""

    def __init__(self, said: Phrase) -> None:
        self.said = said
        super().__init__(said.read("en"))


def lines(found: Iterable[Problem], lang: str) -> list[str]:
    """What is wrong, one line each: place, what stands there, what should; then what to do."""
    return [*(one.read(lang) for one in found), word("plan_problem.what_next", lang)]


def unreadable(where: str, error: OSError | UnicodeDecodeError) -> Problem:
    """A file that isn't there, can't be opened, or holds something else than text."""
    if isinstance(error, UnicodeDecodeError):
        return Problem(where, phrase("not_utf8", position=error.start + 1, encoding="UTF-8"), phrase("utf8", encoding="UTF-8"))
    return Problem(where, phrase("unreadable", cause=error.strerror or str(error)), phrase("utf8", encoding="UTF-8"))


def not_toml(where: str, text: str, error: ValueError) -> Problem:
    """A text that isn't TOML: the line and column at which it stops being so, and what stands there."""
    cause, _, place = str(error).partition(" (at ")
    found = re.match(r"line (\d+), column (\d+)", place)
    rows = text.split("\n")
    line, column = (int(found[1]), int(found[2])) if found else (len(rows), len(rows[-1]) + 1)
    stands = rows[line - 1].strip() if line <= len(rows) else ""
    got = phrase("not_toml", text=written(stands[:60]) if stands else phrase("nothing"), line=line, column=column, cause=cause)
    return Problem(where, got, phrase("toml", format="TOML"))


def written(value: Any) -> str | Phrase:
    """A value as a file writes it; what isn't there is said so."""
    return phrase("nothing") if value is None else _written(value)[:80]


def _written(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case Decimal():
            return format(value, "f")
        case date() | datetime():
            return value.isoformat()
        case Mapping():
            return f"{{ {', '.join(f'{key} = {_written(item)}' for key, item in value.items())} }}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
    return str(value)


def _filled(value: Fill, lang: str) -> str:
    if isinstance(value, Phrase):
        return value.read(lang)
    return listed([_filled(one, lang) for one in value], lang) if isinstance(value, tuple) else value
