"""What the pages of teams and of one collector share: whom a person may see there, over which months, and their tables and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import streamlit as st

from dashboard import charts, findings, formats, naming, ui
from dashboard.access import LOCAL
from dashboard.behind import Behind
from dashboard.collectors import people, performance, sentences
from dashboard.collectors.people import Load, Person, Reason
from dashboard.collectors.performance import Adjusted, Performance, Tallies
from dashboard.downloads import Column
from dashboard.filters import Filters, last_complete, month_end
from dashboard.formats import period, plain
from dashboard.methods import effects
from dashboard.metrics import metrics
from dashboard.model import quality_setting
from dashboard.warehouse import Warehouse

#: What a collector's effort and quality are read by, in this order.
QUALITY = (
    "caseload", "calls_per_hour", "occupancy", "right_parties_per_hour", "right_party_rate", "promise_rate", "promise_kept_rate", "handle_time",
    "qa_score", "reviews_done", "review_fail_rate", "review_critical_rate", "complaints_per_1000", "complaints", "upheld_rate", "leave_rate",
)  # fmt: skip
#: Reasons on screen at once; the file holds all.
MOST_REASONS = 15


@dataclass(frozen=True)
class Desks:
    """Collectors over some months as one person sees them: `ids` one by one, in the order of the profile; `named` says how they are called."""

    known: Mapping[str, Person]
    tallies: Tallies
    adjusted: Adjusted
    months: tuple[date, ...]
    ids: tuple[str, ...]
    named: Mapping[str, str]

    @cached_property
    def mine(self) -> list[Performance]:
        """Those who may be seen one by one, best first, unknown ones last."""
        seen = set(self.ids)
        return [one for one in self.adjusted.people if one.collector in seen]

    @cached_property
    def ranked(self) -> list[Performance]:
        """Those of them of whom enough is known."""
        return [one for one in self.mine if one.shrunk is not None]

    @property
    def filters(self) -> Filters:
        """The view's filters over the months compared, which batches don't limit."""
        return ui.view_filters().replace(start=self.months[0], until=month_end(self.months[-1])).choosing("batch", ())

    @property
    def all_months(self) -> Filters:
        """The view's filters over all months tallied."""
        return self.filters.replace(start=self.tallies.months[0], until=month_end(self.tallies.months[-1]))

    @property
    def period(self) -> str:
        """The months compared, in words."""
        return ui.unread(period(self.months[0], month_end(self.months[-1]), ui.lang()))

    @property
    def reach(self) -> str:
        """All months tallied, in words."""
        months = self.tallies.months
        return ui.unread(period(months[0], month_end(months[-1]), ui.lang()))


def known_people() -> dict[str, Person]:
    """The collectors of the export, none where they aren't supplied."""
    return people.people(ui.report("collectors")) if ui.frame().warehouse.supplied("collectors") else {}


def settings(key: str) -> tuple[str, str]:
    """Over how many months and by which outcome people are compared, kept in the link."""
    windows = {name: ui.say(f"team.window_{name}") for name in ("6", "3", "12", "period")}
    outcomes = {name: ui.say(f"team.outcome_{name}") for name in performance.OUTCOMES}
    with st.container(horizontal=True, gap="medium", key=f"settings_{key}"):
        window = ui.option(f"{key}_window", windows, ui.say("team.window"), note=ui.say("team.window_note"))
        outcome = ui.option(f"{key}_outcome", outcomes, ui.say("team.outcome"))
    return window, outcome


def gathered(window: str, outcome: str, all_teams: bool = False) -> Desks | None:
    """The collectors over the months chosen; says so and gives None where there is nothing to compare. Raises ui.NotSupplied.

    With `all_teams` the view's filter by team doesn't limit who may be seen (a person's own scope always does).
    """
    ui.supplied(*performance.NEEDED)
    at, filters = ui.frame(), ui.view_filters()
    end = filters.seen_until(at.info.as_of)
    until = last_complete(end)
    where = {name: filters.chosen(name) for name in performance.LIMITS if filters.chosen(name)}
    try:
        tallies: Tallies = ui.computed(performance.tallied, until=until, where=where)
        months = tallies.months[-int(window) :] if window != "period" else tuple(one for one in tallies.months if filters.start <= one <= until)
        if not months:
            raise performance.TooFew(0, 0)
    except performance.TooFew as error:
        st.info(sentences.too_few(error, ui.lang()), icon=":material/hourglass_empty:")
        return None
    if filters.chosen("batch"):
        st.caption(ui.say("team.batch_note"))

    def summed(_: Warehouse, **_of: Any) -> Adjusted:
        return performance.summed(tallies, months, outcome)

    adjusted: Adjusted = ui.computed(summed, until=until, where=where, months=months, outcome=outcome)
    known = known_people()
    ids = people.visible(known, [one.collector for one in adjusted.people], at.scope, () if all_teams else filters.chosen("team"))
    return Desks(known, tallies, adjusted, tuple(months), tuple(ids), people.labels(known, ids, at.scope, ui.lang()))


def staff(ids: Sequence[str] = ()) -> tuple[dict[str, Person], list[str], dict[str, str]]:
    """The collectors, those of them a person may see (or of some), and how they are called."""
    at, known = ui.frame(), known_people()
    seen = people.visible(known, ids or sorted(known), at.scope, ui.view_filters().chosen("team"))
    return known, seen, people.labels(known, seen, at.scope, ui.lang())


def profile_columns(desks: Desks) -> list[Column]:
    """The columns of a table of collectors."""
    money = "amount" if desks.adjusted.outcome == "cash" else "number"
    rates = {"shrunk_low": "number", "shrunk_high": "number", "top": "rate", "flag": "text", "raw": "rate"}
    numbers = {"ratio": "number", "low": "number", "high": "number", "shrunk": "number"}
    columns = ui.columns("team", who="text", team="text", cases="total", observed=money, expected=money, **numbers, **rates)
    return [one for one in columns if one.id != "raw" or money == "number"]


def moved(desks: Desks) -> tuple[dict[str, dict[str, Any]], list[Column]]:
    """Cases and balances that each collector took over and gave away in the months compared, and their columns; none where there were none."""
    names = ("transferred_in_cases", "transferred_in_amount", "transferred_out_cases", "transferred_out_amount")
    filters = desks.filters.choosing("bucket", ())
    try:
        answer = ui.measure(*names, by=("collector",), filters=filters)
    except ui.NothingLeft:  # nobody took a case over from another
        return {}, []
    rows = {str(row["collector"]): row for row in answer.rows}
    return rows, [Column(name, ui.label(name), metrics()[name].unit, True) for name in names]


def quality(filters: Filters | None = None) -> tuple[dict[str, dict[str, Any]], dict[str, Any], list[Column]]:
    """Effort and quality by collector, of the house, and their columns; what isn't supplied is left out. Raises ui.NotSupplied."""
    chosen = filters or ui.view_filters()
    answer = ui.measure(*QUALITY, by=("collector",), filters=chosen)
    house = ui.computed(measured, names=QUALITY, filters=chosen.choosing("team", ()))
    there = [name for name in QUALITY if name not in answer.missing]
    columns = [Column(name, ui.label(name), metrics()[name].unit) for name in there]
    if "complaints_per_1000" in there:
        place = there.index("complaints_per_1000") + 1
        columns[place:place] = ui.columns("team", complaints_per_1000_low="number", complaints_per_1000_high="number")
    return {str(row["collector"]): row for row in answer.rows if row["collector"] != "house"}, house, columns


def measured(warehouse: Warehouse, names: tuple[str, ...], filters: Filters) -> dict[str, Any]:
    """Metrics of the whole house: a yardstick that shows nobody."""
    return warehouse.measure(names, filters=filters, scope=LOCAL).rows[0]


def loads(known: Mapping[str, Person], ids: Sequence[str]) -> list[Load]:
    """Loads of some collectors against their teams' medians over the view's period; contacts, if supplied, weigh the cases."""
    filters = ui.view_filters()
    by_person = {str(row["collector"]): row for row in ui.measure("caseload", by=("collector",)).rows}
    employed = ui.measure("average_headcount", by=("collector",), filters=filters.replace(where=())).rows
    mixes = ui.measure("opening_cases", by=("collector", "bucket")).rows
    work: dict[str, tuple[float, float]] = {}
    if ui.frame().warehouse.supplied("contacts"):
        work = {
            row["bucket"]: (row["stock_attempts"] or 0, row["opening_cases"] or 0) for row in ui.computed(worked, filters=filters.replace(where=()))
        }
    else:
        st.caption(ui.say("team.loads_plain"))
    found = people.loads(
        {name: float(row["caseload"]) for name, row in by_person.items() if row["caseload"]},
        [(str(row["collector"]), row["bucket"], float(row["opening_cases"] or 0)) for row in mixes],
        work,
        known,
        {str(row["collector"]): float(row["average_headcount"] or 0) for row in employed},
    )
    return [one for one in found if one.collector in ids]


def worked(warehouse: Warehouse, filters: Filters) -> list[dict[str, Any]]:
    """Attempts and cases of the whole house by bucket."""
    return warehouse.measure(("stock_attempts", "opening_cases"), ("bucket",), filters=filters, scope=LOCAL).rows


def headcount(metric_id: str, by: str) -> None:
    """A panel on who is employed: by months of employment or grade at the end of the period, or by month."""
    lang, currency = ui.lang(), ui.currency()
    with ui.panel(f"{metric_id}_{by}", metric=metric_id) as panel:
        chosen = ui.trailing(13) if by == "month" else ui.view_filters()
        answer = ui.measure(metric_id, by=(by,), filters=chosen)
        panel.subtitle(f"{ui.formula(metric_id)} · {ui.period(chosen)}")
        if by == "month":
            running = ui.running(answer)
            series = [(row["month"], row[metric_id]) for row in answer.rows]
            panel.title(findings.trend(ui.label(metric_id), series, lang, running))
            panel.figure(charts.by_month(answer.rows, ui.metric(metric_id), lang, currency, ui.targets(metric_id), running))
        else:
            rows = ui.ordered(answer.rows, by, metric_id)
            if by == "tenure_band":
                rows = sorted(rows, key=lambda row: people.BANDS.index(row[by]))
            panel.title(sentences.tenure(rows, lang) if by == "tenure_band" else None)
            panel.figure(charts.bars(rows, ui.metric(metric_id), by, ui.names(by, rows), lang, currency))
        panel.table(answer.rows, ui.columns_of(answer, (by,), (metric_id,)), chosen)


def quality_panel() -> None:
    """Effort and quality of each collector, the house on top."""
    with ui.panel("quality", ui.say("team.quality"), ui.say("team.quality_note", period=ui.period(ui.view_filters()))) as panel:
        by_person, house, columns = quality()
        known, ids, named = staff(sorted(by_person))
        rate = house.get("complaints_per_1000")
        lows = [by_person[one].get("complaints_per_1000_low") for one in ids]
        if rate is not None:
            panel.title(ui.say("team.quality_found", over=sum(low is not None and low > rate for low in lows), n=len(ids)))
        rows = [{"who": named[one], "team": known[one].team if one in known else None, **by_person[one]} for one in ids]
        panel.table([{"who": ui.say("team.house"), "team": None, **house}, *rows], [*ui.columns("team", who="text", team="text"), *columns])
        st.caption(ui.say("team.conduct_none"))


def training_panel() -> None:
    """Whose law training is valid, due or lapsed; and pass rates by course and kind."""
    lang, at = ui.lang(), ui.frame()
    known, ids, named = staff()
    with ui.panel("law", ui.say("team.training"), metric="training_valid_share") as panel:
        ui.supplied("collectors", "trainings")
        found = [one for one in people.standings(ui.report("law_training", collector=None), at.info.as_of) if one.collector in ids]
        if not found:
            raise ui.NothingLeft
        panel.title(sentences.training(found, lang))
        valid = quality_setting(at.info.as_of)["training_valid_days"]
        panel.subtitle(ui.say("team.training_note", valid=valid, day=formats.day(at.info.as_of, lang)))
        answer = ui.measure("training_valid_share", by=("month",), filters=ui.trailing(13))
        panel.figure(charts.by_month(answer.rows, ui.metric("training_valid_share"), lang, ui.currency(), None, ui.running(answer)))
        panel.about = ui.facts()
        columns = ui.columns("team", who="text", team="text", passed_on="date", until="date", state="text")
        panel.table(sentences.standings(found, named, known, lang), columns)
    for by in ("training_kind", "course"):
        with ui.panel(f"courses_{by}", metric="course_pass_rate") as panel:
            answer = ui.measure("course_pass_rate", "exam_score", by=(by,), filters=ui.trailing(12))
            panel.subtitle(f"{ui.formula('course_pass_rate')} · {ui.period(ui.trailing(12))}")
            rows, names = ui.ordered(answer.rows, by, "course_pass_rate"), ui.names(by, answer.rows)
            spread = [(names[str(row[by])], row["course_pass_rate"]) for row in rows]
            panel.title(findings.spread(ui.label("course_pass_rate"), spread, "rate", ui.currency(), lang))
            panel.figure(charts.bars(ui.highest(rows), ui.metric("course_pass_rate"), by, names, lang, ui.currency()))
            panel.table(answer.rows, ui.columns_of(answer, (by,), ("course_pass_rate", "exam_score")), ui.trailing(12))


def effect_panel(desks: Desks) -> None:
    """What courses of a kind did to performance, or why that can't be told."""
    lang = ui.lang()
    with ui.panel("effect", ui.say("team.effect"), ui.say("team.effect_note", months=len(desks.tallies.months))) as panel:
        ui.supplied("trainings")
        taken = ui.report("courses_first_taken")
        kinds = sorted({row["training_kind"] for row in taken})
        if not kinds:
            raise ui.NothingLeft
        kind = ui.option("training_kind", {one: naming.value("training_kind", one, lang) for one in kinds}, ui.say("team.effect_kind"))
        starts = {row["collector_id"]: row["taken_on"] for row in taken if row["training_kind"] == kind}
        try:
            text, notes = sentences.effect(ui.computed(trained, until=month_end(desks.tallies.months[-1]), starts=starts), lang)
            panel.title(text)
            st.caption(" · ".join(notes))
        except effects.TooFew as error:
            st.info(sentences.few_effect(error, lang), icon=":material/hourglass_empty:")


def trained(warehouse: Warehouse, until: date, starts: Mapping[str, date]) -> effects.Effect:
    """The effect of a course on the whole house."""
    return people.effect_of_training(performance.tallied(warehouse, until), starts)


def coaching_panel(desks: Desks) -> None:
    """Whom to coach and why, with the rows that prove it."""
    with ui.panel("coaching", ui.say("team.coaching"), ui.say("team.coaching_note", period=desks.period)) as panel:
        at = ui.frame()
        known, employed, _ = staff()
        ids = list(dict.fromkeys([*desks.ids, *employed]))
        named = people.labels(known, ids, at.scope, ui.lang())
        by_person: dict[str, dict[str, Any]] = {}
        house: dict[str, Any] = {}
        standings: list[people.Standing] = []
        with suppress(ui.NotSupplied, ui.NothingLeft):
            by_person, house, _ = quality()
        if at.warehouse.supplied("trainings") and at.warehouse.supplied("collectors"):
            standings = people.standings(ui.report("law_training", collector=None), at.info.as_of)
        found = people.reasons(desks.adjusted, by_person, house, standings, ids)
        who = len({one.collector for one in found})
        panel.title(ui.say("team.coaching_found", n=who) if who else ui.say("team.coaching_nobody"))
        rows = coaching(found, named)
        panel.table(rows, ui.columns("team", who="text", reason="text"), shown=False, empty=ui.say("team.coaching_nobody"))


def coaching(found: Sequence[Reason], named: Mapping[str, str]) -> list[dict[str, Any]]:
    """The coaching list with a link from each reason to the rows that prove it; gives its rows for a file."""
    shown = found[:MOST_REASONS]
    for place, one in enumerate(shown):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"coach_{place}"):
            st.markdown(f"**{plain(named[one.collector])}** · {plain(sentences.reason(one, ui.lang()))}")
            if ui.frame().scope.names:
                ui.rows_link(Behind(one.metric, ("collector",), (one.collector,)))
    return [{"who": named[one.collector], "reason": sentences.reason(one, ui.lang())} for one in found]
