"""What the forecast says in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dashboard import formats
from dashboard.forecast.backtest import Score, Trial, score
from dashboard.forecast.batches import Outlook, TooShort
from dashboard.forecast.migration import compared
from dashboard.words import word
from dashboard.words import words as entries

#: Errors closer than this (a share of the cash) are alike.
ALIKE = 0.005
#: Fewer trials than this are called few.
FEW = 24


def rounded(value: float | None) -> float | None:
    """An amount to the cent."""
    return None if value is None else round(value, 2)


def ahead(found: Outlook, targets: Mapping[date, Any], lang: str, currency: str) -> str:
    """The next three months together, with where the target lies if each of them has one."""
    cash, months = found.together, [month.month for month in found.months]

    def money(value: Any) -> str:
        return formats.amount(value, currency, lang)

    text = word(
        "forecast.next_found", lang, first=formats.month(months[0], lang), last=formats.month(months[-1], lang),
        amount=money(cash.mean), low=money(cash.low), high=money(cash.high),
    )  # fmt: skip
    if not all(month in targets for month in months):
        return text
    aim = float(sum(targets[month] for month in months))
    where = "above" if aim > cash.high else "below" if aim < cash.low else "within"
    comma = "，" if lang == "zh" else ", "
    return f"{text}{comma}{word(f'forecast.target_{where}', lang, target=money(aim))}"


def assumption(found: Outlook, lang: str, currency: str) -> str:
    """How much of it rests on placements to come."""
    new = formats.amount(sum(month.new for month in found.months), currency, lang)
    return word("forecast.assumed", lang, new=new, placed=formats.amount(found.placed_next, currency, lang))


def months(found: Outlook, targets: Mapping[date, Any]) -> list[dict[str, Any]]:
    """The months ahead as rows."""
    return [
        {
            "month": month.month,
            "expected": rounded(month.cash.mean),
            "low": rounded(month.cash.low),
            "high": rounded(month.cash.high),
            "from_placed": rounded(month.cash.mean - month.new),
            "from_new": rounded(month.new),
            "target": targets.get(month.month),
            "gap": rounded(month.cash.mean - float(targets[month.month])) if month.month in targets else None,
        }
        for month in found.months
    ]


def batches(found: Outlook, lang: str) -> list[dict[str, Any]]:
    """The batches as rows, the latest first."""
    return [
        {
            "placed_month": batch.month,
            "placed": rounded(batch.placed),
            "cash": rounded(batch.cash),
            "to_come": rounded(batch.to_come.mean),
            "low": rounded(batch.to_come.low),
            "high": rounded(batch.to_come.high),
            "error": rounded(batch.error),
            "method": word("forecast.by_placed" if batch.young else "forecast.by_cash", lang),
        }
        for batch in reversed(found.batches)
    ]


def to_come(found: Outlook, lang: str, currency: str) -> str:
    """What is still to come of all batches placed."""
    cash = found.to_come
    texts = {name: formats.amount(value, currency, lang) for name, value in (("amount", cash.mean), ("low", cash.low), ("high", cash.high))}
    return word("forecast.batches_found", lang, **texts)


def warnings(found: Outlook, lang: str) -> tuple[str | None, list[str]]:
    """What breaks the method's assumption (or None), and what else must be known about the triangle."""
    test = found.calendar
    sides = {"z": formats.number(test.statistic, 1), "low": formats.number(test.low, 1), "high": formats.number(test.high, 1)}
    together = test.statistic < test.low  # above the band months are evener than chance, which does no harm
    unusual = word("forecast.calendar_unusual", lang, **sides) if together else None
    notes = [] if together else [word("forecast.calendar_usual", lang, **sides)]
    if found.swing >= 0.01:
        notes.append(word("forecast.swing", lang, swing=formats.rate(found.swing)))
    for name, count in (("negatives", found.negatives), ("unpaid", found.unpaid)):
        if count:
            notes.append(word(f"forecast.{name}", lang, n=formats.count(count)))
    return unusual, notes


def inside(made: Sequence[Trial], lang: str) -> str:
    """How many months fell inside the band, one month ahead."""
    one = score(made, 1)
    return word("forecast.backtest_found", lang, inside=one.inside, count=one.count, due=round(0.8 * one.count))


def errors(made: Sequence[Trial], lang: str) -> str:
    """Error and bias one month ahead."""
    one = score(made, 1)
    return word("forecast.backtest_note", lang, wape=formats.rate(one.wape), bias=_bias(one, lang))


def _bias(one: Score, lang: str) -> str:
    if one.bias is None or abs(one.bias) < 0.0005:
        return word("forecast.even", lang)
    return word("forecast.over" if one.bias > 0 else "forecast.under", lang, share=formats.rate(abs(one.bias)))


def horizons(made: Sequence[Trial], lang: str) -> list[tuple[str, str]]:
    """Each horizon's score: its name and how it did."""
    found = []
    for one in (score(made, ahead) for ahead in (1, 2, 3)):
        if one.count:
            values = {"wape": formats.rate(one.wape), "bias": formats.rate(one.bias), "inside": one.inside, "count": one.count}
            found.append((word("forecast.horizon", lang, n=one.ahead), word("forecast.horizon_score", lang, **values)))
    return found


def trials(made: Sequence[Trial], lang: str) -> list[dict[str, Any]]:
    """Every forecast of the back-test as a row, the latest first."""
    return [
        {
            "month": one.month,
            "ahead": one.ahead,
            "made": one.made,
            "expected": rounded(one.expected),
            "low": rounded(one.low),
            "high": rounded(one.high),
            "actual": rounded(one.actual),
            "verdict": None if one.inside is None else word(f"forecast.{_verdict(one)}", lang),
        }
        for one in sorted(made, key=lambda one: (one.ahead, -one.month.toordinal()))
    ]


def _verdict(one: Trial) -> str:
    return "inside" if one.inside else "above" if one.high is not None and one.actual > one.high else "below"


def better(batch: Sequence[Trial], stock: Sequence[Trial], lang: str) -> str | None:
    """Which of two forecasts had the smaller error one month ahead, over the months both were made for."""
    one, other = compared(batch, stock, 1)
    if one.wape is None or other.wape is None:
        return None
    name = "alike" if abs(one.wape - other.wape) < ALIKE else "batch_better" if one.wape < other.wape else "migration_better"
    text = word(f"forecast.{name}", lang, batch=formats.rate(one.wape), stock=formats.rate(other.wape))
    if one.count >= FEW:
        return text
    stop = "；" if lang == "zh" else "; "
    return f"{text}{stop}{word('forecast.few_trials', lang, n=one.count)}"


def beside(found: Outlook, stock: Sequence[float], made: Sequence[Trial], other: Sequence[Trial]) -> list[dict[str, Any]]:
    """Both forecasts, of the months ahead and of those of the back-test one month ahead, with what came."""
    rows = [
        {"month": month.month, "by_batches": rounded(month.cash.mean), "by_stock": rounded(value), "actual": None}
        for month, value in zip(found.months, stock, strict=True)
    ]
    ours = {one.month: one for one in made if one.ahead == 1}
    theirs = {one.month: one for one in other if one.ahead == 1}
    for month in sorted({*ours, *theirs}, reverse=True):
        one, two = ours.get(month), theirs.get(month)
        came = one or two
        rows.append(
            {
                "month": month,
                "by_batches": rounded(one.expected) if one else None,
                "by_stock": rounded(two.expected) if two else None,
                "actual": rounded(came.actual) if came else None,
            }
        )
    return rows


def too_short(error: TooShort, filtered: bool, lang: str) -> str:
    """Why there is no forecast yet."""
    return word("forecast.too_short_filtered" if filtered else "forecast.too_short", lang, n=error.batches, needed=error.needed)


def methods(lang: str) -> list[tuple[str, str]]:
    """Heads and texts of how it is worked out."""
    names = [key.removeprefix("forecast_method.") for key in entries() if key.startswith("forecast_method.") and not key.endswith("_head")]
    return [(word(f"forecast_method.{name}_head", lang), word(f"forecast_method.{name}", lang)) for name in names]
