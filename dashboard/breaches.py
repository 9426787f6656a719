"""What can be wrong with an export, each breach with its place and expectation; words come from data/breaches.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dashboard.contract import ROOT

WORDS = ROOT / "data" / "breaches.toml"


@dataclass(frozen=True)
class Breach:
    """One breach: where it is (file, line, column), what was found, what was expected."""

    kind: str
    table: str | None = None
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    expected: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def message(self, lang: str) -> str:
        """The breach in one sentence."""
        kind = words()["kinds"][self.kind][lang]
        return kind if self.expected is None else f"{kind}; {expectation(self.expected, lang, self.details)}"


class LoadRefused(Exception):
    """The load stops; the previous snapshot stays in service. Carries every structural breach found."""

    def __init__(self, breaches: list[Breach]) -> None:
        self.breaches = breaches
        super().__init__("; ".join(breach_line(breach, "en") for breach in breaches))


class StructuralBreach(Exception):
    """One structural breach, raised where it is met and collected by the load."""

    def __init__(self, kind: str, expected: str | None = None, details: dict[str, Any] | None = None, **place: Any) -> None:
        self.breach = Breach(kind=kind, expected=expected, details=details or {}, **place)
        super().__init__(breach_line(self.breach, "en"))


@cache
def words() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def level(kind: str) -> str:
    """structural, row or flag."""
    return str(words()["kinds"][kind]["level"])


def kind_label(kind: str, lang: str) -> str:
    return str(words()["kinds"][kind][lang])


def expectation(expected: str, lang: str, details: dict[str, Any]) -> str:
    """What was expected, in words, with the contract's values filled in."""
    return str(words()["expected"][expected][lang]).format(**details)


def breach_line(breach: Breach, lang: str) -> str:
    """Place and message on one line, for the command line."""
    place = ":".join(str(part) for part in (breach.file or breach.table, breach.line) if part is not None)
    column = f" [{breach.column}]" if breach.column else ""
    value = f" got {breach.value!r}" if breach.value is not None and lang == "en" else ""
    value = f" 实际为 {breach.value!r}" if breach.value is not None and lang == "zh" else value
    return f"{place}{column}{value}: {breach.message(lang)}" if place else f"{breach.message(lang)}{value}"
