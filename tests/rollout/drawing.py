"""Plans drawn as text, for the tests of the rollout."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from dashboard.contract import contract
from dashboard.rollout.plan import Item, Milestone, Plan, Said, clean, ids_of
from tests.drawn import drawn

FIRST = date(2026, 1, 1)


def plan(text: str) -> Plan:
    """Milestones of a drawing: id, base, plan, actual ("01-05..01-20", days of 2026; actual may lack its end), percent, needs."""
    header, rows = drawn(text)
    made = []
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        base = _span(cells["base"])
        planned = _span(cells.get("plan") or cells["base"])
        begun, over = _span(cells["actual"]) if cells.get("actual") else (None, None)
        assert base[0] and base[1] and planned[0] and planned[1]
        made.append(
            Milestone(
                cells["id"], cells.get("measure") or "process", Said.of(cells["id"]), Said.of(cells.get("owner") or "Owner"), base[0], base[1],
                planned[0], planned[1], begun, over, Decimal(cells.get("percent") or 0), ids_of(cells.get("needs") or ""),
            )
        )  # fmt: skip
    return tuple(made)


def _span(text: str) -> tuple[date | None, date | None]:
    begin, _, end = text.partition("..")
    return tuple(date.fromisoformat(part if len(part) > 5 else f"2026-{part}") if part else None for part in (begin, end))  # type: ignore[return-value]


WORDS = st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), min_size=1, max_size=40).map(clean).filter(bool)
SAID = st.one_of(WORDS.map(Said.of), st.builds(Said, WORDS, WORDS))
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ITEMS = st.builds(Item, SAID.filter(lambda said: True), st.sampled_from([Decimal(1), Decimal(2), Decimal("0.5"), Decimal("12.25")]), st.booleans())


@st.composite
def milestones(draw: st.DrawFn, number: int, before: int) -> Milestone:
    """A milestone that can be kept; it may wait for some of those before it."""
    baseline, planned, actual = (sorted([draw(DAYS), draw(DAYS)]) for _ in range(3))
    begun, over = draw(st.sampled_from([(None, None), (actual[0], None), (actual[0], actual[1])]))
    needs = draw(st.lists(st.integers(0, before - 1), unique=True, max_size=3)) if before else []
    return Milestone(
        f"M{number:03d}", draw(st.sampled_from(list(contract().codes["programme_measure"]))), draw(SAID), draw(SAID), *baseline, *planned,
        begun, over, draw(st.decimals(0, 100, places=1)), tuple(f"M{other:03d}" for other in needs), draw(st.one_of(st.just(""), DOCUMENTS)),
        tuple(draw(st.lists(ITEMS, max_size=3))), draw(st.one_of(st.just(""), WORDS)), draw(st.one_of(st.just(""), WORDS)),
        draw(st.sampled_from(["", "owner", "ours"])), "added",
    )  # fmt: skip


DOCUMENTS = WORDS.filter(lambda text: not text.startswith("["))


@st.composite
def plans(draw: st.DrawFn, most: int = 5) -> Plan:
    """Plans without rings."""
    return tuple(draw(milestones(number, number)) for number in range(draw(st.integers(1, most))))
