"""What attribution and effect say in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard import formats, naming
from dashboard.attribution import credits
from dashboard.attribution.effect import LEAST, Cell, Compared, Side, Split, Test, claimed
from dashboard.attribution.profile import Share
from dashboard.downloads import Column
from dashboard.formats import plain
from dashboard.methods.experiments import FEW_CLUSTERS, MISMATCH
from dashboard.metrics import dimensions
from dashboard.words import has, listed, word

Rows = Sequence[Mapping[str, Any]]


def channel(name: str, lang: str) -> str:
    """A channel as read."""
    return naming.value("channel", name, lang)


def decide(control: str, lang: str) -> str:
    """Which of the two may be used for decisions."""
    return word("attribution.decide_both", lang, control=plain(control)) if control else word("attribution.decide_none", lang)


def cash(rows: Rows, lang: str, currency: str) -> str:
    """How much no touch came before, and the channel that came before most by every method."""

    def money(value: Decimal) -> str:
        return formats.amount(value, currency, lang)

    total, touched = credits.total(rows, "last"), [row for row in rows if row["channel"] != credits.NONE]
    if not touched:
        return word("attribution.cash_alone", lang, total=money(total))
    first = touched[0]
    sizes = [first[method] for method in credits.METHODS]
    return word(
        "attribution.cash_found", lang, untouched=money(credits.untouched(rows)), total=money(total), channel=channel(first["channel"], lang),
        low=money(min(sizes)), high=money(max(sizes)),
    )  # fmt: skip


def methods(lang: str) -> list[tuple[str, str]]:
    """Heads and texts of how each method shares a payment; reversals last."""
    told = [(credits.label(name, lang), word(f"attribution.about_{name}", lang)) for name in credits.METHODS]
    return [*told, ("", word("attribution.about_reversal", lang))]


def points(value: float | None, lang: str) -> str:
    """A difference of shares in points."""
    return formats.points(value, lang)


def _bare(value: float, lang: str) -> str:
    """The same without its unit, for the ends of an interval."""
    return formats.fixed(formats.exact(value * 100) or Decimal(0), 1, signed=value < 0)


def verdict(one: Compared, lang: str) -> str:
    """An arm's effect in plain words."""
    if not one.clear:
        low, high = _bare(one.share.low, lang), points(one.share.high, lang).removeprefix("+")
        return f"{word('arms.unclear_one', lang)} ({low} – {high})" if lang == "en" else f"{word('arms.unclear_one', lang)}（{low} – {high}）"
    return _said(one, plain_name=True, lang=lang)


def effect_words(one: Compared, lang: str) -> str:
    """The size of an effect in words, without the arm's name."""
    share = one.share
    name = "unclear" if not one.clear else "adds" if share.value > 0 else "lowers"
    low, high = (-share.high, -share.low) if name == "lowers" else (share.low, share.high)
    size = points(abs(share.value), lang).removeprefix("+")
    return word(f"alone.{name}", lang, size=size, low=_bare(low, lang), high=_bare(high, lang))


def _said(one: Compared, lang: str, plain_name: bool = False) -> str:
    rises, share = one.share.value > 0, one.share
    low, high = (share.low, share.high) if rises else (-share.high, -share.low)
    name = one.arm.name if plain_name else plain(one.arm.name)
    size = points(abs(share.value), lang).removeprefix("+")
    return word(f"arms.{'adds' if rises else 'lowers'}", lang, arm=name, size=size, low=_bare(low, lang), high=_bare(high, lang))


def found(compared: Sequence[Compared], lang: str) -> str:
    """The title: arms that add or lower something, then those that can't be told from zero."""
    clear, rest = [one for one in compared if one.clear], [one for one in compared if not one.clear]
    said = [_said(one, lang) for one in clear[:2]]
    if rest:
        said.append(word("arms.unclear", lang, arms=plain(listed([one.arm.name for one in rest], lang))))
    return ("；" if lang == "zh" else "; ").join(said)


def conditions(compared: Sequence[Compared], split: Split, lang: str) -> list[str]:
    """What must be known to read the intervals."""
    worked = any(one.arm.staffed or one.control.staffed for one in compared)
    said = [word("arms.robust_collector" if worked else "arms.robust_customer", lang)]
    said.append(word("arms.holm", lang, n=len(compared)) if len(compared) > 1 else word("arms.holm_one", lang))
    gained = max(one.narrower for one in compared)
    if gained > 0:
        said.append(word("arms.known", lang, share=formats.rate(gained)))
    fewest = min(one.share.clusters for one in compared)
    if fewest < FEW_CLUSTERS:
        said.append(word("arms.few_clusters", lang, n=fewest))
    if not split.broken:
        said += [word(f"arms.split_{name}", lang, p=_p(p)) for name, p in _checked(split) if p is not None]
    if split.planned is None:
        said.append(word("arms.split_no_plan", lang))
    if split.steady is None:
        said.append(word("arms.split_unknown", lang))
    return said


def _checked(split: Split) -> tuple[tuple[str, float | None], ...]:
    return ("planned", split.planned), ("held", split.steady)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {formats.fixed(formats.exact(value) or Decimal(0), 3 if value < 0.1 else 2)}"


def warning(split: Split, lang: str) -> str | None:
    """What to say where the split isn't what chance makes of the plan."""
    if not split.broken:
        return None
    off = [word(f"arms.split_off_{name}", lang, p=_p(p)) for name, p in _checked(split) if p is not None and p < MISMATCH]
    return " ".join([*off, word("arms.split_broken", lang)])


def _hundred(value: float | None) -> float | None:
    return None if value is None else value * 100


def arms(compared: Sequence[Compared], days: int, lang: str) -> list[dict[str, Any]]:
    """One row per arm, the control first."""
    made: list[dict[str, Any]] = [{**_own(one.control), "verdict": word("arms.is_control", lang)} for one in compared[:1]]
    for one in compared:
        row = {**_own(one.arm), "difference": _hundred(one.share.value), "low": _hundred(one.share.low), "high": _hundred(one.share.high)}
        row |= {"plain": _hundred(one.plain.value), "plain_low": _hundred(one.plain.low), "plain_high": _hundred(one.plain.high)}
        row |= {"p": one.adjusted, "detectable": _hundred(one.detectable), "verdict": verdict(one, lang)}
        if one.cash is not None:
            row |= {"extra": one.cash.value, "extra_low": one.cash.low, "extra_high": one.cash.high}
        if one.recovery is not None:
            row |= {"recovery_difference": _hundred(one.recovery.value), "recovery_low": _hundred(one.recovery.low)}
            row |= {"recovery_high": _hundred(one.recovery.high)}
        made.append(row)
    return [{**row, "outcome_days": str(days)} for row in made]


def _own(side: Side) -> dict[str, Any]:
    recovery = side.net / side.placed if side.placed else None
    own = {"strategy": side.name, "cases": side.cases, "paid": side.paid, "paid_share": side.paid / side.cases}
    return {**own, "per_case": side.per_case(side.net), "recovery": recovery}


def hover(one: Compared, lang: str) -> str:
    """An arm beside its control, for the figure."""
    arm, control = one.arm, one.control
    return word(
        "arms.hover", lang, arm=arm.name, share=formats.rate(arm.paid / arm.cases), n=formats.count(arm.cases), control=control.name,
        base=formats.rate(control.paid / control.cases), m=formats.count(control.cases),
    )  # fmt: skip


def beside(compared: Sequence[Compared], lang: str, currency: str) -> str | None:
    """Where attribution claims most, what the test says instead."""
    known = [one for one in compared if one.cash is not None]
    if not known:
        return None
    one = max(known, key=lambda each: claimed(each.arm))
    assert one.cash is not None
    said = {"claimed": claimed(one.arm), "added": one.cash.value, "low": one.cash.low, "high": one.cash.high}
    return word("beside.found", lang, arm=plain(one.arm.name), **{name: money(value, currency, lang) for name, value in said.items()})


def money(value: float, currency: str, lang: str) -> str:
    """An estimated amount: to the cent while small, never more digits than it has meaning."""
    return formats.amount(round(value, 2), currency, lang)


def beside_rows(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """One row per arm: what a touch came before, what was added."""
    made = []
    for one in compared:
        if one.cash is not None:
            times = claimed(one.arm) / one.cash.value if one.cash.low > 0 else None
            row = {"arm": one.arm.name, "claimed": claimed(one.arm), "added": one.cash.value, "low": one.cash.low, "high": one.cash.high}
            made.append({**row, "times": times})
    return made


def pays(compared: Sequence[Compared], lang: str, currency: str) -> str:
    """The arm that surely earns more than its contact costs, the one with the most left; or that there is none."""
    sure = [one for one in compared if one.margin is not None and one.cash is not None and one.margin.low > 0]
    if not sure:
        return word("cost.unclear", lang)
    one = max(sure, key=lambda each: each.margin.value if each.margin else 0.0)
    assert one.cash is not None
    sizes = {"added": money(one.cash.value, currency, lang), "cost": money(one.extra_cost, currency, lang)}
    return word("cost.pays", lang, arm=plain(one.arm.name), **sizes)


def cost_rows(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """One row per arm: what contact cost, per unit of cash preceded and added, break-even and return."""
    made = []
    for one in compared:
        arm = one.arm
        row: dict[str, Any] = {"arm": arm.name, "arm_cost": arm.per_case(arm.cost), "extra_cost": one.extra_cost}
        row |= {"per_preceded": arm.cost / arm.touched * 100 if arm.touched > 0 else None, "per_added": _hundred(one.cost_per_cash)}
        row |= {"break_even": _hundred(one.break_even), "difference": _hundred(one.share.value), "back": one.back}
        if one.margin is not None:
            row |= {"margin": one.margin.value, "margin_low": one.margin.low, "margin_high": one.margin.high}
        made.append(row)
    return made


def channel_costs(rows: Rows, lang: str, currency: str) -> str | None:
    """The channel that costs most."""
    known = [row for row in rows if row["spent"]]
    if not known:
        return None
    row = known[0]
    said = {"channel": channel(row["channel"], lang), "spent": formats.amount(row["spent"], currency, lang)}
    if row["per_100"] is None:
        return word("cost.channels_nothing_after", lang, **said)
    return word("cost.channels_found", lang, rate=formats.number(row["per_100"]), **said)


def segments(cells: Sequence[Cell], names: Mapping[str, str], lang: str) -> str | None:
    """In how many segments an arm works, and where most."""
    if not cells:
        return None
    clear = [cell for cell in cells if cell.clear and cell.compared.share.value > 0]
    arm = plain(cells[0].compared.arm.name)
    if not clear:
        return word("segment.none_found", lang, arm=arm, all=len(cells))
    best = max(clear, key=lambda cell: cell.compared.share.value).compared.share
    name = next(names[cell.segment] for cell in clear if cell.compared.share is best)
    said = {"size": points(best.value, lang).removeprefix("+"), "low": _bare(best.low, lang), "high": _bare(best.high, lang)}
    return word("segment.found", lang, arm=arm, n=len(clear), all=len(cells), best=plain(name), **said)


def segment_rows(cells: Sequence[Cell], names: Mapping[str, str], lang: str) -> list[dict[str, Any]]:
    """One row per segment shown."""
    made = []
    for cell in cells:
        one, share = cell.compared, cell.compared.share
        row = {"value": names[cell.segment], "cases": one.arm.cases + one.control.cases, "paid_share": one.arm.paid / one.arm.cases}
        row |= {"difference": _hundred(share.value), "low": _hundred(share.low), "high": _hundred(share.high), "p": cell.adjusted}
        made.append({**row, "clear": word("segment.yes" if cell.clear else "segment.no", lang)})
    return made


def too_few(test: Test, lang: str) -> str:
    """Why nothing is compared."""
    names = list(test.sides)
    return word("arms.one_arm", lang, arm=plain(names[0])) if len(names) == 1 else word("arms.too_few", lang, least=LEAST)


def named_columns(section: str, lang: str, **units: str) -> list[Column]:
    """Columns that take their names from a section (or that of arms), "total" a count that adds up; an arm is called as the registry calls it."""
    arm = [Column("arm", dimensions()["strategy"].label[lang])] if units.pop("arm", None) else []
    names = {name: word(f"{section}.{name}" if has(f"{section}.{name}") else f"arms.{name}", lang) for name in units}
    return [*arm, *(Column(name, names[name], "count" if unit == "total" else unit, unit == "total") for name, unit in units.items())]


def arm_columns(lang: str) -> list[Column]:
    """The columns of arms beside their control."""
    heads = [Column(name, dimensions()[name].label[lang]) for name in ("strategy", "outcome_days")]
    share = named_columns("arms", lang, cases="total", paid="total", paid_share="rate", difference="number", low="number", high="number", p="number")
    share += named_columns("arms", lang, plain="number", plain_low="number", plain_high="number")
    cash = named_columns("arms", lang, detectable="number", per_case="amount", extra="amount", extra_low="amount", extra_high="amount")
    rate = named_columns("arms", lang, recovery="rate", recovery_difference="number", recovery_low="number", recovery_high="number")
    return [heads[0], *named_columns("arms", lang, verdict="text"), *share, *cash, *rate, heads[1]]


def beside_columns(lang: str) -> list[Column]:
    """The columns of what was claimed beside what was added."""
    return named_columns("beside", lang, arm="text", claimed="amount", added="amount", low="amount", high="amount", times="number")


def cost_columns(lang: str) -> list[Column]:
    """The columns of an arm's cost."""
    per = named_columns("cost", lang, arm="text", arm_cost="amount", extra_cost="amount", per_preceded="number", per_added="number")
    rest = named_columns("cost", lang, break_even="number", difference="number", margin="amount", margin_low="amount", margin_high="amount")
    return [*per, *rest, *named_columns("cost", lang, back="number")]


def channel_column(lang: str) -> Column:
    """The column of a channel."""
    return Column("channel", dimensions()["channel"].label[lang])


def channel_cost_columns(lang: str) -> list[Column]:
    """The columns of a channel's cost."""
    return [channel_column(lang), *named_columns("cost", lang, spent="amount", preceded="amount", per_100="number")]


def segment_columns(of_arm: bool, lang: str) -> list[Column]:
    """The columns of segments, of an arm's effect or of a channel's share."""
    if of_arm:
        own = named_columns("segment", lang, value="text", cases="count", paid_share="rate", difference="number", low="number", high="number")
    else:
        own = named_columns("segment", lang, value="text", payments="count", share="rate", low="rate", high="rate", difference_rest="number")
    return [*own, *named_columns("segment", lang, p="number", clear="text")]


def channel_title(found: Sequence[Share], name: str, names: Mapping[str, str], lang: str) -> str | None:
    """The segments in which a channel is the last touch most and least often."""
    if not found:
        return None
    best, worst = max(found, key=lambda one: one.value), min(found, key=lambda one: one.value)
    if best.value == worst.value:
        return None
    sides = {"high": formats.rate(best.value), "low": formats.rate(worst.value)}
    said = {"best": plain(names[best.segment]), "worst": plain(names[worst.segment])}
    return word("segment.channel_found", lang, channel=channel(name, lang), **sides, **said)


def share_rows(found: Sequence[Share], names: Mapping[str, str], lang: str) -> list[dict[str, Any]]:
    """One row per segment shown."""
    return [
        {
            "value": names[one.segment],
            "payments": one.whole,
            "share": one.value,
            "low": one.low,
            "high": one.high,
            "difference_rest": _hundred(one.rest),
            "p": one.adjusted,
            "clear": word("segment.yes" if one.clear else "segment.no", lang),
        }
        for one in found
    ]


def counted(shown: int, hidden: int, least: int, lang: str) -> str:
    """How many tests were made and how many segments are hidden."""
    return word("segment.counted", lang, n=shown, hidden=hidden, least=least)
