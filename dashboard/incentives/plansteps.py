"""The kinds of step a plan may have: the names each knows in a file, and what makes it of them; knows no order and no other steps."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dashboard.incentives.plan import (
    CUTS,
    OF_PEOPLE,
    ROUNDINGS,
    Accelerator,
    Adjustments,
    Bands,
    Carry,
    Charge,
    Clawback,
    Corrections,
    Deduct,
    Fixed,
    Gate,
    Limit,
    Pool,
    Rate,
    Round,
    Scaled,
    Step,
    Sum,
    Supplied,
    Target,
    Tiers,
    Weigh,
)
from dashboard.incentives.planvalues import Values, one_of
from dashboard.incentives.problems import phrase, written

Built = Step | None
Builder = Callable[[Values, dict[str, Any], str, dict[str, Any]], Built]


def _fixed(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    defines = r.name(entry, "as", where) if "as" in entry else None
    pays = r.flag(entry, "pay", where, True)
    if not pays and defines is None:
        r.wrong(f"{where}.pay", phrase("unnamed", value="false"), phrase("named", example='as = "…"'))
    table = r.table(entry, "table", where, "amount", OF_PEOPLE)
    return Fixed(**head, table=table, defines=defines, pays=pays, prorated=r.flag(entry, "prorate", where, False))


def _supplied(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    otherwise = r.number(entry, "otherwise", where) if "otherwise" in entry else None
    return Supplied(**head, metric=r.text(entry, "metric", where), defines=r.name(entry, "as", where), otherwise=otherwise)


def _weigh(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    table = r.table(entry, "table", where, "weight", CUTS)
    return Weigh(**head, of=r.text(entry, "of", where, "cash"), defines=r.name(entry, "as", where), table=table)


def _rate(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Rate(**head, of=r.text(entry, "of", where, "cash"), table=r.table(entry, "table", where, "rate", CUTS))


def _sum(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    terms = []
    for place, row in r.entries(entry, "terms", where):
        r.only(row, place, {"times", "of"})
        terms.append(Scaled(r.number(row, "times", place), r.text(row, "of", place) if "of" in row else None))
    if not terms:
        r.wrong(f"{where}.terms", phrase("none"), phrase("example", example='{ times = 1, of = "…" }'))
    return Sum(**head, defines=r.name(entry, "as", where), terms=tuple(terms))


def _target(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    sources = tuple(r.texts(entry, "from", where)) if "from" in entry else ()
    for source in sources:
        if source not in ("collector", "team"):
            r.wrong(f"{where}.from", written(source), phrase("sources", names=("collector", "team")))
    metric = r.text(entry, "metric", where) if sources or "metric" in entry else None
    table = r.table(entry, "table", where, "amount", OF_PEOPLE) if "table" in entry else None
    if not sources and table is None:
        r.wrong(where, phrase("no_target"), phrase("target", example='from = ["collector"]', metric="metric", table="table"))
    caseload = r.number(entry, "caseload", where) if "caseload" in entry else None
    if caseload is not None and caseload <= 0:
        r.wrong(f"{where}.caseload", written(caseload), phrase("caseload"))
    ramp = entry.get("ramp", [])
    shares = tuple(r.share({"ramp": one}, "ramp", where) for one in ramp) if isinstance(ramp, list) else ()
    if not isinstance(ramp, list):
        r.wrong(f"{where}.ramp", written(ramp), phrase("ramp", example='["25%", "50%"]'))
    return Target(
        **head, of=r.text(entry, "of", where), metric=metric, sources=sources, table=table, leave=r.flag(entry, "leave", where, False),
        caseload=caseload, ramp=shares, missing=r.choice(entry, "missing", where, ("refuse", "none"), "refuse") or "refuse",
    )  # fmt: skip


def _tiers(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    of = r.text(entry, "of", where)
    mode = r.choice(entry, "mode", where, ("marginal", "whole"), "marginal") or "marginal"
    return Tiers(**head, of=of, by=r.text(entry, "by", where, of or " "), mode=mode, levels=r.levels(entry, where, "rate"))


def _accelerator(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    levels = r.levels(entry, where, "factor")
    return Accelerator(**head, of=r.text(entry, "of", where), levels=levels)


def _gate(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    only = tuple(r.texts(entry, "only", where)) if "only" in entry else ()
    return Gate(**head, on=r.text(entry, "on", where), bands=r.bands(entry, where), missing=r.number(entry, "missing", where), only=only)


def _bands(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    amount = r.scaled(entry, "amount", where)
    return Bands(**head, on=r.text(entry, "on", where), amount=amount, bands=r.bands(entry, where), missing=r.number(entry, "missing", where))


def _limit(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    named = [name for name in ("most", "least") if name in entry]
    if len(named) != 1:
        got = phrase("both", one="most", other="least") if named else phrase("neither")
        r.wrong(where, got, phrase("cap_or_floor", most="most", least="least"))
        return None
    at = r.scaled(entry, named[0], where)
    return Limit(**head, most=at) if named[0] == "most" else Limit(**head, least=at)


def _pool(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    on = r.text(entry, "on", where) if "on" in entry else None
    bands = r.bands(entry, where) if on or "bands" in entry else ()
    if on is None and bands:
        r.wrong(f"{where}.bands", phrase("no_quantity"), phrase("banded", example='on = "team.attainment"'))
    return Pool(**head, amount=r.scaled(entry, "amount", where), share=r.text(entry, "share", where, "equal"), on=on, bands=bands)


def _deduct(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    cuts = ("category", "severity", "channel")
    table = r.table(entry, "table", where, "amount", cuts)
    for row in table.rows:
        if row.value < 0:
            r.wrong(f"{where}.table", written(row.value), phrase("cost"))
    return Deduct(**head, charges=tuple(Charge(row.cut, row.value) for row in table.rows))


def _clawback(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Clawback(**head, at=r.choice(entry, "at", where, ("base", "paid"), "paid") or "paid")


def _corrections(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Corrections(**head, months=r.whole(entry, "months", where, 1, 12) or 12)


def _adjustments(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Adjustments(**head)


def _carry(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Carry(**head, draw=r.scaled(entry, "draw", where, 0))


def _round(r: Values, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    rule = r.choice(entry, "rule", where, tuple(ROUNDINGS)) or "half_up"
    to = r.number(entry, "to", where)
    if to not in (Decimal(1), Decimal("0.1"), Decimal("0.01"), Decimal(10), Decimal(100)):
        r.wrong(f"{where}.to", written(entry.get("to")), one_of(("0.01", "0.1", "1", "10", "100")))
    return Round(**head, rule=rule, to=to)


#: The kinds of step: the names each knows, and what makes it.
STEPS: dict[str, tuple[set[str], Builder]] = {
    "fixed": ({"as", "pay", "table", "prorate"}, _fixed),
    "supplied": ({"metric", "as", "otherwise"}, _supplied),
    "weigh": ({"of", "as", "table"}, _weigh),
    "rate": ({"of", "table"}, _rate),
    "sum": ({"as", "terms"}, _sum),
    "target": ({"of", "metric", "from", "table", "leave", "caseload", "ramp", "missing"}, _target),
    "tiers": ({"of", "by", "mode", "levels"}, _tiers),
    "accelerator": ({"of", "levels"}, _accelerator),
    "gate": ({"on", "bands", "missing", "only"}, _gate),
    "bands": ({"on", "amount", "bands", "missing"}, _bands),
    "limit": ({"most", "least"}, _limit),
    "pool": ({"amount", "share", "on", "bands"}, _pool),
    "deduct": ({"table"}, _deduct),
    "clawback": ({"at"}, _clawback),
    "corrections": ({"months"}, _corrections),
    "adjustments": (set(), _adjustments),
    "carry": ({"draw"}, _carry),
    "round": ({"rule", "to"}, _round),
}
