"""Which figure's rows are asked for, as a link says it: metric, group, side of a rate, months back; no Streamlit, no case ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard.filters import Filters
from dashboard.formats import MISSING
from dashboard.metrics import dimensions, metrics, plain

#: The parameters of a link that are this page's own.
PARAMETERS = ("metric", "cut", "value", "side", "reach")
#: No panel looks further back than this.
LONGEST_REACH = 120
LONGEST_VALUE = 200
#: What a link needn't say.
UNSAID = {"reach": ["0"]}


@dataclass(frozen=True)
class Behind:
    """A figure: `values` is the group of `by` (None: nothing chosen yet), `side` the measure of a rate whose rows are shown, `reach` the
    months that a panel looks back beyond the view's period (0: the period itself)."""

    metric: str
    by: tuple[str, ...] = ()
    values: tuple[Any, ...] | None = None
    side: str | None = None
    reach: int = 0

    @property
    def sides(self) -> tuple[str, ...]:
        """The plain measures the metric is made of, the first its numerator."""
        return tuple(entry.id for entry in plain((self.metric,)))

    @property
    def shown(self) -> str:
        """The measure whose rows are shown."""
        return self.side if self.side in self.sides else self.sides[0]

    def to_query(self) -> dict[str, str | list[str]]:
        """The parameters of a link that says the same."""
        query: dict[str, str | list[str]] = {"metric": self.metric}
        if self.by:
            query["cut"] = list(self.by)
        if self.values is not None:
            query["value"] = [_written(value) for value in self.values]
        if self.side is not None:
            query["side"] = self.side
        if self.reach:
            query["reach"] = str(self.reach)
        return query

    @staticmethod
    def from_query(query: Mapping[str, Sequence[str]], otherwise: str) -> Behind:
        """What a link asks for; a name that isn't known falls back to the metric named, what can't be read is left out."""
        asked = (list(query.get("metric", [])) or [otherwise])[-1]
        metric = asked if asked in metrics() and asked == asked.strip() else otherwise
        by = tuple(query.get("cut", []))
        if any(name not in dimensions() for name in by) or len(set(by)) < len(by):
            by = ()
        values: tuple[Any, ...] | None = None
        given = [text[:LONGEST_VALUE] for text in query.get("value", [])]
        if by and len(given) == len(by):
            read = [_read(name, text) for name, text in zip(by, given, strict=True)]
            values = None if any(isinstance(value, ValueError) for value in read) else tuple(read)
        side = next(reversed(query.get("side", [])), None)
        months = (list(query.get("reach", [])) or ["0"])[-1]
        reach = int(months) if months.isascii() and months.isdigit() and len(months) < 4 else 0
        made = Behind(metric, by, values, side, min(reach, LONGEST_REACH))
        return made if side in made.sides else Behind(metric, by, values, None, made.reach)


def misread(query: Mapping[str, Sequence[str]], figure: Behind) -> list[str]:
    """The parameters of a link that the figure read from it doesn't say."""
    said = {name: [text] if isinstance(text, str) else text for name, text in figure.to_query().items()}
    return [name for name in PARAMETERS if query.get(name) and list(query[name]) != said.get(name) and list(query[name]) != UNSAID.get(name)]


def reach(filters: Filters, chosen: Filters | None, as_of: date) -> int:
    """How many months other filters than the view's look back from its last day; 0 where they are the view's."""
    if chosen is None or chosen == filters:
        return 0
    end = filters.seen_until(as_of)
    return (end.year - chosen.start.year) * 12 + end.month - chosen.start.month + 1


def _written(value: Any) -> str:
    return MISSING if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _read(name: str, text: str) -> Any:
    """A value of a dimension from a link; a ValueError (returned) where it can't be one."""
    kind = dimensions()[name].kind
    if text == MISSING:
        return None
    try:
        if kind in ("time", "month"):
            return date.fromisoformat(text)
        return int(text) if kind == "number" else text
    except ValueError as error:
        return error
