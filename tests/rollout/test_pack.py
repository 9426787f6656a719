"""The board pack: windows by hand, figures that are the engine's, one page in both languages, nothing from the data as markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdfium2
import pytest

from dashboard import planning
from dashboard.access import LOCAL
from dashboard.filters import Filters
from dashboard.formats import points, rate
from dashboard.home import Home
from dashboard.metrics import metrics
from dashboard.printing import Document, html_file
from dashboard.rollout import pack
from dashboard.rollout.outlook import outlook
from dashboard.rollout.pack import Compared, Window, window
from dashboard.rollout.plan import Item, Plan, Said, bundled, of_export
from dashboard.rollout.schedule import schedule
from dashboard.warehouse import Warehouse
from tests.rollout.drawing import plan

FIRST, TODAY = date(2025, 10, 1), date(2026, 9, 15)


def test_the_months_compared() -> None:
    """Begun on 20 February, first done on 10 May: November to January against June to August."""
    steps = plan("""
        id | base         | actual
        A  | 03-01..05-31 | 03-05..05-10
        B  | 02-01..08-31 | 02-20..
    """)
    before, after = (date(2025, 11, 1), date(2026, 1, 31)), (date(2026, 6, 1), date(2026, 8, 31))
    assert window(steps, FIRST, TODAY) == Window(before, after, 3, 3)
    assert window(steps, FIRST, date(2026, 8, 31)) == Window(before, after, 3, 3)
    assert window(steps, FIRST, date(2026, 8, 30)) == Window(before, None, 2, 3)
    assert window(steps, FIRST, date(2026, 5, 20)) == Window(before, None, 0, 3)
    assert window(steps, date(2025, 12, 1), TODAY) == Window(None, after, 3, 3)
    assert window(steps[1:], FIRST, TODAY) is None


def test_a_figure_says_why_it_cannot_be_told() -> None:
    known = Window((FIRST, FIRST), (TODAY, TODAY), 3, 3)
    one = Compared("recovery_rate", 0.1, 0.125)
    assert pack.figure(one, known, "en", "CNY") == "Recovery rate: 10.0% → 12.5% (+2.5 pp)"
    assert "nothing of it is done yet" in pack.figure(one, None, "en", "CNY")
    assert "2 of 3 months" in pack.figure(one, replace(known, after=None, seen=2), "en", "CNY")
    assert "too late for a before" in pack.figure(one, replace(known, before=None), "en", "CNY")
    assert "could not be worked out" in pack.figure(Compared("recovery_rate", failed=True), known, "en", "CNY")


@pytest.fixture(scope="module")
def made(loaded_home: Path) -> Any:
    warehouse = Warehouse(Home(loaded_home).info())
    at = SimpleNamespace(info=warehouse.info, warehouse=warehouse, scope=LOCAL)

    def make(steps: Plan | None, lang: str, most: int = 5) -> Document:
        steps = of_export(warehouse.run("milestones")) if steps is None else steps
        found = schedule(steps, warehouse.info.as_of)
        now: Any = SimpleNamespace(at=found, outlook=outlook(found.plan, found.today))
        return planning._document(now, at, lang, most)  # type: ignore[arg-type]

    make.warehouse = warehouse  # type: ignore[attr-defined]
    return make


def read(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_sample_is_one_page_with_every_measure(made: Any, lang: str) -> None:
    (text,) = read(pack.pdf(lambda most: made(None, lang, most)))
    flat = re.sub(r"\s", "", text)
    wanted = {
        "en": ("Professionalteam", "Incentives", "Risks", "Nextsteps", "notaneffect", "effect"),
        "zh": ("专业团队", "激励机制", "风险", "下一步", "非效果", "效果"),
    }[lang]
    assert all(part in flat for part in wanted)
    assert not re.search(r"\b(?:None|nan)\b", text)
    if lang == "zh":
        assert not re.search(r"[A-Za-z]{4,}", re.sub(r"\d+-[\da-f]+|Roll-?out\S*|\bEast|[A-Z]\w+-\d", "", text.replace("Synthetic", "")))


def test_its_figures_are_the_engines(made: Any) -> None:
    warehouse = made.warehouse
    steps = [one for one in of_export(warehouse.run("milestones")) if one.measure == "team"]
    over = window(steps, warehouse.info.first_on, warehouse.info.as_of)
    assert over is not None and over.before is not None and over.after is not None
    before, after = (
        warehouse.measure(["recovery_rate"], filters=Filters(*span, comparison="none")).rows[0]["recovery_rate"] for span in (over.before, over.after)
    )
    page = html_file(made(None, "en"))
    assert f"Recovery rate: {rate(before)} → {rate(after)} ({points(after - before, 'en')})" in page.replace("<br>", "\n")


def test_a_plan_full_of_trouble_still_fits_one_page(made: Any) -> None:
    late = tuple(replace(one, note="x") for one in bundled(date(2025, 9, 1)))
    for lang in ("en", "zh"):
        assert len(read(pack.pdf(lambda most, lang=lang: made(late, lang, most)))) == 1
    page = html_file(made(late, "en"))
    assert "late: P01" in page and "still missing: Posts filled" in page


def test_the_page_needs_nothing_and_holds_no_markup_of_the_data(made: Any) -> None:
    evil = "<script>alert(1)</script>"
    item = Item(Said.of(f"{evil}item"), Decimal(1), False)
    steps = tuple(replace(one, name=Said.of(evil + one.name.en), owner=Said.of(evil), items=(item,)) for one in bundled(date(2025, 9, 1)))
    page = html_file(made(steps, "en"))
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=[\"']?(?!data:)|url\(|@import", page)
    assert "@media print" in page and page.count("<svg") == 1


def test_a_metric_that_fails_is_said_and_the_rest_goes_on(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.warehouse import QueryFailed

    real = Warehouse.measure

    def measure(self: Warehouse, names: Any, *args: Any, **more: Any) -> Any:
        if "first_instalment_rate" in names:
            raise QueryFailed("first_instalment_rate: broken")
        return real(self, names, *args, **more)

    monkeypatch.setattr(Warehouse, "measure", measure)
    page = html_file(made(None, "en"))
    assert f"{metrics()['first_instalment_rate'].label['en']}: could not be worked out" in page and "Recovery rate:" in page
