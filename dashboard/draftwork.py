"""What the page that tries plans is made of: which plans and months, the draft as fields and as text, figures side by side, keeping a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import formats, memory, saved, ui
from dashboard.collectors import performance
from dashboard.downloads import Column
from dashboard.filters import month_end, shifted
from dashboard.forecast import batches
from dashboard.formats import plain
from dashboard.frame import opened
from dashboard.incentives import desk as desks
from dashboard.incentives import fairness, figures, problems, runs, sentences, telling, whatif
from dashboard.incentives.desk import NotForYou
from dashboard.incentives.gathering import Staff, gather, staffed
from dashboard.incentives.inputs import Inputs
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import Plans, parse
from dashboard.incentives.problems import PlanError
from dashboard.incentives.whatif import Outcome
from dashboard.paywork import NEEDED, acted
from dashboard.warehouse import Warehouse

DRAFT = "draft"
COUNTS = ("3", "6", "12")
#: Rows of evidence on screen and in its files.
MOST_ROWS = 200


@dataclass(frozen=True)
class Trial:
    """Two plans over the same months: the one that holds, and the one that might."""

    plans: Plans
    months: tuple[date, ...]
    before: Outcome
    after: Outcome
    drafted: bool

    @property
    def names(self) -> tuple[str, str]:
        """What each is called."""
        lang = ui.lang()
        first, second = (ui.say("payday.plan_option", title=one.plan.name(lang), version=one.plan.version) for one in (self.before, self.after))
        return first, ui.say("whatif.draft") if self.drafted else second


@st.cache_resource(max_entries=8, show_spinner=False)
def _staff(home: str, dataset: str, snapshot: str, training_kinds: tuple[str, ...], first: date, last: date) -> Staff:
    """Who there was in some months: they are asked for together."""
    return staffed(opened(home, dataset, snapshot), training_kinds, first, last)


@st.cache_resource(max_entries=64, show_spinner=False)
def _inputs(home: str, dataset: str, snapshot: str, needs: str, month: date, _plan: Plan, _months: tuple[date, ...]) -> Inputs:
    """A month's inputs, one of some months; drafts that need the same share them."""
    with memory.growing():
        staff = _staff(home, dataset, snapshot, tuple(_plan.conduct.training_kinds), _months[0], _months[-1])
        return gather(opened(home, dataset, snapshot), _plan, month, staff=staff)


@st.cache_resource(max_entries=24, show_spinner=False)
def _outcome(home: str, dataset: str, snapshot: str, text: str, months: tuple[date, ...]) -> Outcome:
    plan = parse(text)
    with memory.growing():
        return whatif.tried(plan, months, lambda one, month: _inputs(home, dataset, snapshot, repr(whatif.gathered_by(one)), month, one, months))


@st.cache_resource(max_entries=24, show_spinner=False)
def _curve(home: str, dataset: str, snapshot: str, text: str, month: date, person: str, reach: Decimal) -> Any:
    plan = parse(text)
    return whatif.curve(plan, _inputs(home, dataset, snapshot, repr(whatif.gathered_by(plan)), month, plan, (month,)), person, reach)


def _where() -> tuple[str, str, str]:
    at = ui.frame()
    return str(at.home.path), at.view.dataset, at.view.snapshot


def asked() -> Trial:
    """The two plans and the months of the link, the draft edited if one is chosen; what it comes to for both. Raises NotForYou."""
    at, lang = ui.frame(), ui.lang()
    if desks.sight(at.person) != "all":
        raise NotForYou(at.person.id)
    ui.supplied(*NEEDED)
    known = runs.known_plans(at.home.path)
    versions = {f"{plan.id}-{plan.version}": plan for plan in known}
    titles = {name: ui.say("payday.plan_option", title=plan.name(lang), version=plan.version) for name, plan in versions.items()}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="whatif_choice"):
        first = next((name for name in titles if name.startswith("bank-")), next(iter(titles)))
        base = versions[ui.option("base", titles, ui.say("whatif.base"), default=first, listed=True)]
        other = ui.option("other", {DRAFT: ui.say("whatif.draft"), **titles}, ui.say("whatif.other"), listed=True)
        spans = {count: ui.say("whatif.months", n=count) for count in COUNTS}
        count = int(ui.option("months", spans, ui.say("whatif.over"), default="3", listed=True))
    months = tuple(whatif.months(at.info.first_on, at.info.as_of, count))
    if not months:
        raise ui.NothingLeft
    ui.covers(months[0], month_end(months[-1]))
    text = _edited(base) if other == DRAFT else versions[other].text
    try:
        with st.spinner(ui.say("whatif.computing", n=len(months))):
            before = _outcome(*_where(), base.text, months)
            after = _outcome(*_where(), text, months)
    except PlanError as error:
        st.error("\n".join([ui.say("whatif.broken"), *(f"- {plain(line)}" for line in problems.lines(error.problems, lang))]))
        raise ui.NothingLeft from error
    trial = Trial(known, months, before, after, other == DRAFT)
    for outcome, name in zip((before, after), trial.names, strict=True):
        for month, why in outcome.refused:
            said = [plain(sentences.refused(one, outcome.plan, lang)) for one in why[:10]]
            st.error("\n".join([ui.say("whatif.refused", plan=plain(name), month=formats.month(month, lang)), *(f"- {one}" for one in said)]))
    return trial


# --- the draft --------------------------------------------------------------------------------------------------------


def _edited(base: Plan) -> str:
    """The draft's text, as fields to fill in and as text to edit; kept in the session until it is kept as a version."""
    key = f"draft_{base.id}_{base.version}"
    text: str = st.session_state.setdefault(key, base.text)
    lang, turn = ui.lang(), st.session_state.setdefault("draft_turn", 0)
    with ui.panel("draft", ui.say("whatif.draft_title"), ui.say("whatif.draft_note")):
        fields = whatif.fields(text)
        changed = text != base.text
        st.caption(ui.say("whatif.changed" if changed else "whatif.unchanged", plan=plain(base.name(lang)), version=base.version))
        box = st.expander(ui.say("whatif.edit"), icon=":material/edit:", expanded=not changed)
        by_fields, by_text = box.tabs([ui.say("whatif.by_fields"), ui.say("whatif.by_text")])
        with by_fields, st.form(f"draft_fields_{turn}_{base.id}"):
            names = {step.id: step.name(lang) for step in base.steps}
            for step in dict.fromkeys(field.step for field in fields):
                st.markdown(f"**{plain(names.get(step, step))}**")
                with st.grid(4, min_column_width=220, gap="small", key=f"draft_grid_{step}_{turn}") as place:
                    for number, field in enumerate(fields):
                        if field.step == step:
                            with place.cell():
                                st.text_input(plain(telling.field(field, base, lang)), field.value, key=_key(turn, base, number), max_chars=20)

            def fill() -> None:
                given = {n: st.session_state[_key(turn, base, n)] for n, field in enumerate(fields)}
                values = {n: value for n, value in given.items() if value.strip() and value.strip() != fields[n].value}
                _try(key, whatif.filled(text, values))

            st.form_submit_button(ui.say("whatif.try"), type="primary", on_click=fill)
        with by_text, st.form(f"draft_text_{turn}_{base.id}"):
            st.text_area(ui.say("whatif.text"), text, height=420, key=f"draft_written_{turn}_{base.id}")
            st.form_submit_button(ui.say("whatif.try"), on_click=lambda: _try(key, st.session_state[f"draft_written_{turn}_{base.id}"]))
        for problem in st.session_state.get("draft_problems", ()):
            st.error(plain(problem), icon=":material/error:")
        if changed:
            st.button(
                ui.say("whatif.reset"), key="draft_reset", type="tertiary", icon=":material/restart_alt:", on_click=lambda: _try(key, base.text)
            )
    return str(st.session_state[key])


def _key(turn: int, base: Plan, number: int) -> str:
    return f"draft_field_{turn}_{base.id}_{base.version}_{number}"


def _try(key: str, text: str) -> None:
    """Take a draft if it is a plan; else say everything that is wrong with it and keep the one before."""
    try:
        parse(text, ui.say("whatif.draft"))
    except PlanError as error:
        st.session_state["draft_problems"] = problems.lines(error.problems, ui.lang())
        return
    st.session_state["draft_problems"] = []
    st.session_state[key] = text
    st.session_state["draft_turn"] = st.session_state.get("draft_turn", 0) + 1


def keep(trial: Trial) -> None:
    """Write the draft as the plan's next version, for who prepares runs."""
    at = ui.frame()
    plan = trial.after.plan
    if not trial.drafted or plan.text == trial.before.plan.text or not at.person.may("prepare"):
        return
    first = shifted(at.info.as_of.replace(day=1), 1)
    text = whatif.next_version(plan, trial.plans, first)
    made = parse(text)
    with ui.panel("keep", ui.say("whatif.keep_title", version=made.version), ui.say("whatif.keep_note", day=formats.day(first, ui.lang()))):
        st.download_button(
            ui.say("whatif.download"), text, f"{made.id}_{made.version}.toml", "application/toml", key="draft_file", type="tertiary",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.button(
            ui.say("whatif.keep"), key="draft_keep", type="primary", on_click=acted,
            args=(lambda: whatif.keep(text, trial.plans, at.home.path, saved.book(at), at.person), "whatif.kept"),
        )  # fmt: skip


# --- side by side -----------------------------------------------------------------------------------------------------


def side_by_side(trial: Trial) -> None:
    """What both plans pay, by month and in all."""
    lang, currency = ui.lang(), ui.currency()
    first, second = trial.names
    with ui.panel("whatif_total", ui.say("whatif.total"), ui.say("whatif.total_note", n=len(trial.months))) as panel:
        panel.title(ui.unread(telling.paid_otherwise(trial.before, trial.after, lang, currency)))
        rows = []
        for was, now in zip(whatif.by_month(trial.before), whatif.by_month(trial.after), strict=False):
            rows.append(
                {
                    "month": was["month"], "before": was["paid"], "after": now["paid"], "change": now["paid"] - was["paid"], "net_cash": was["cash"],
                    "cost_before": was["cost"], "cost_after": now["cost"],
                }
            )  # fmt: skip
        lines = {first: [(row["month"], row["before"]) for row in rows], second: [(row["month"], row["after"]) for row in rows]}
        if len(rows) > 1 and first != second:
            panel.figure(figures.by_month(lines, "amount", lang, currency))
        shape = _columns(month="month", before="money", after="money", change="money", net_cash="money", cost_before="rate", cost_after="rate")
        panel.table(rows, shape)


def rules(trial: Trial) -> None:
    """Which figures and steps differ between both."""
    lang, before, after = ui.lang(), trial.before.plan, trial.after.plan
    if before.hash == after.hash:
        return
    changed = whatif.altered(before.text, after.text)
    title = ui.say("whatif.rules_steps") if changed is None else ui.say("whatif.rules_figures", n=formats.count(len(changed)))
    with ui.panel("whatif_rules", title, ui.say("whatif.rules_note")) as panel:
        heads = {name: ui.say(f"whatif.{name}") for name in ("step", "figure", "before", "after")}
        if changed is not None:
            panel.table(telling.figures(changed, before, lang), [Column(name, head) for name, head in heads.items()])
        else:
            shape = [Column(name, heads[name]) for name in ("step", "before", "after")]
            panel.table(telling.steps(before, after, lang, ui.currency()), shape)


def _columns(**units: str) -> list[Column]:
    made = []
    for name, unit in units.items():
        head = ui.say(f"whatif.{name}")
        made.append(Column(name, f"{head} · {ui.currency()}", "number", True) if unit == "money" else Column(name, head, unit))
    return made


def people(trial: Trial) -> None:
    """Who gains and who loses."""
    lang, currency = ui.lang(), ui.currency()
    known = _names()
    times = Counter(known.values())
    called = {one: f"{name} {one}" if times[name] > 1 else name for one, name in known.items()}
    rows = [{**row, "who": called.get(row["collector"], row["collector"])} for row in whatif.compared(trial.before, trial.after)]
    with ui.panel("whatif_people", ui.say("whatif.people"), ui.say("whatif.people_note", n=len(trial.months))) as panel:
        panel.title(ui.unread(telling.who_gains(rows, lang, currency)))
        if any(row["change"] for row in rows):
            panel.figure(figures.changes([row for row in rows if row["change"]], lang, currency))
        panel.table(rows, _columns(collector="text", who="text", team="text", before="money", after="money", change="money"))


def _names() -> dict[str, str]:
    rows = ui.report("pay_names", names=ui.frame().scope.names, teams=None, collector=None)
    return {row["collector_id"]: row["name"] for row in rows if row["name"]}


def spread(trial: Trial) -> None:
    """How pay is spread under both."""
    first, second = trial.names
    amounts = {first: trial.before.amounts(), second: trial.after.amounts()}
    with ui.panel("whatif_spread", ui.say("whatif.spread"), ui.say("whatif.spread_note")) as panel:
        panel.title(ui.unread(telling.spread(trial.before, trial.after, ui.lang(), ui.currency())))
        panel.figure(figures.spread(amounts, ui.lang(), ui.currency()))


def cliffs(trial: Trial) -> None:
    """Pay against cash for the person in the middle, and where it jumps."""
    lang, currency = ui.lang(), ui.currency()
    if not trial.before.runs:
        return
    run = trial.before.runs[-1]
    person = whatif.middle_person(run)
    if person is None:
        return
    with ui.panel("whatif_cliffs", ui.say("whatif.cliffs"), ui.say("whatif.cliffs_note", month=formats.month(run.month, lang))) as panel:
        reach = whatif.reach(run)
        lines, rows = {}, []
        for name, outcome in zip(trial.names, (trial.before, trial.after), strict=True):
            points, found = _curve(*_where(), outcome.plan.text, run.month, person, reach)
            lines[name] = [(float(cash), float(pay)) for cash, pay in points]
            rows += [{"plan": name, "cash_at": one.at, "before_it": one.before, "after_it": one.after, "jump": one.jump} for one in found]
        panel.title(ui.unread(telling.cliffs(rows, trial.names, lang, currency)))
        panel.figure(figures.steps_of_pay(lines, lang, currency))
        shape = _columns(plan="text", cash_at="money", before_it="money", after_it="money", jump="money")
        panel.table(rows, [Column(one.id, one.label, one.unit) for one in shape], empty=ui.say("whatif.no_cliffs"))


def ahead(trial: Trial) -> None:
    """What both would cost in the months to come, at the cash that is forecast."""
    at, lang, currency = ui.frame(), ui.lang(), ui.currency()
    whole = at.view.filters.replace(start=at.info.first_on, until=at.info.as_of, where=())
    with ui.panel("whatif_ahead", ui.say("whatif.ahead"), ui.say("whatif.ahead_note", n=len(trial.months))) as panel:
        by = ("placed_month", "months_since_placement")
        try:
            found = batches.outlook(batches.cells(ui.measure("cohort_net_amount", "cohort_placed_amount", by=by, filters=whole).rows))
        except batches.TooShort:
            st.info(ui.say("whatif.no_forecast"), icon=":material/hourglass_empty:")
            return
        expected = [(month.month, month.cash.mean, month.cash.low, month.cash.high) for month in found.months]
        was, now = whatif.ahead(trial.before, expected), whatif.ahead(trial.after, expected)
        if not was or not now:
            raise ui.NothingLeft
        budget = st.number_input(ui.say("whatif.budget", currency=currency), min_value=0.0, step=1000.0, value=None, key="whatif_budget", width=320)
        panel.title(ui.unread(telling.ahead(now, was, budget, lang, currency)))
        rows = [
            {
                "month": one.month, "expected_cash": round(one.cash, 2), "before": round(old.paid, 2), "after": round(one.paid, 2),
                "low": round(one.low, 2), "high": round(one.high, 2), "over_budget": None if budget is None else round(one.paid - budget, 2),
            }
            for one, old in zip(now, was, strict=True)
        ]  # fmt: skip
        panel.table(
            rows, _columns(month="month", expected_cash="money", before="money", after="money", low="money", high="money", over_budget="money")
        )


# --- fair, and leaning ------------------------------------------------------------------------------------------------


def fair(trial: Trial) -> None:
    """What differences in pay go with under the plan that might hold."""
    lang = ui.lang()
    with ui.panel("fair", ui.say("fair.title"), ui.say("fair.note", n=len(trial.months))) as panel:
        ui.supplied("balances", "assignments", "payments", "collectors")
        if not trial.after.runs:
            raise ui.NothingLeft
        try:
            tallies = ui.computed(performance.tallied, until=ui.frame().info.as_of, where={})
        except performance.TooFew:
            st.info(ui.say("fair.too_few", n=fairness.FEWEST), icon=":material/group_off:")
            return
        months = [run.month for run in trial.after.runs]
        paid = {(run.month, one.collector): one.amount for run in trial.after.runs for one in run.statements}
        rows = [
            {"collector": one.collector, "pay": paid[one.month, one.collector], "cash": one.cash, "expected": one.cash_expected}
            for one in tallies.rows
            if (one.month, one.collector) in paid
        ]

        def summed(_: Warehouse, **_of: Any) -> performance.Adjusted:
            return performance.summed(tallies, months, "cash")

        adjusted: performance.Adjusted = ui.computed(summed, months=tuple(months))
        ratios = {one.collector: one.shrunk for one in adjusted.people if one.shrunk is not None}
        found = fairness.follows(fairness.workers(rows, ratios))
        if found is None:
            st.info(ui.say("fair.too_few", n=fairness.FEWEST), icon=":material/group_off:")
            return
        panel.title(telling.follows(found, lang))
        panel.figure(figures.follows(found, lang))
        st.caption(telling.ranks(found, lang))
        table = [
            {
                "collector": one.collector, "pay": round(one.pay / one.months, 2), "files_cash": round(one.files, 2),
                "cash": round(one.cash / one.months, 2), "ratio": one.ratio,
            }
            for one in sorted(found.workers, key=lambda one: -one.pay / one.months)
        ]  # fmt: skip
        heads = {name: ui.say(f"fair.{name}") for name in ("collector", "pay", "files_cash", "cash", "ratio")}
        units = {"collector": "text", "ratio": "number"}
        panel.table(table, [Column(name, head, units.get(name, "number")) for name, head in heads.items()])
        st.caption(ui.say("fair.method"))


def leanings(trial: Trial) -> None:
    """Where figures lean the way pay gives a reason to: counts beside chance, and rows to look at."""
    at = ui.frame()
    span: dict[str, Any] = {"start": trial.months[0], "until": shifted(trial.months[-1], 1) - _DAY, "teams": None}
    with ui.panel("lean_promises", ui.say("lean.promises"), ui.say("lean.promises_note", days=fairness.GRACE_DAYS)) as panel:
        ui.supplied("promises", "payments", "collectors")
        found = fairness.moved_promises(ui.report("pay_moved_promises", **span, grace=fairness.GRACE_DAYS))
        rows = ui.report("pay_moved_promise_rows", **span, grace=fairness.GRACE_DAYS, names=at.scope.names, limit=MOST_ROWS)
        texts = dict.fromkeys(("collector_id", "name", "team", "case_id", "promise_id", "next_promise_id"), "text")
        _lean(panel, found, rows, {**texts, "due_on": "date", "next_due_on": "date", "next_made_on": "date", "amount": "number"})
    with ui.panel(
        "lean_transfers", ui.say("lean.transfers"), ui.say("lean.transfers_note", soon=fairness.SOON_DAYS, later=fairness.LATER_DAYS)
    ) as panel:
        ui.supplied("assignments", "payments", "collectors")
        found = fairness.transfers(ui.report("pay_transfers", **span, soon=fairness.SOON_DAYS, later=fairness.LATER_DAYS))
        rows = ui.report("pay_transfer_rows", **span, soon=fairness.SOON_DAYS, names=at.scope.names, limit=MOST_ROWS)
        texts = dict.fromkeys(("collector_id", "name", "team", "from_collector_id", "case_id", "payment_id"), "text")
        _lean(panel, found, rows, {**texts, "transferred_on": "date", "paid_on": "date", "amount": "number"})
    with ui.panel("lean_tiers", ui.say("lean.tiers"), ui.say("lean.tiers_note", near=formats.rate(fairness.NEAR))) as panel:
        near = whatif.near_edges(trial.before)
        if not near:
            st.info(ui.say("lean.no_edges"))
            return
        found, just_above = fairness.bunching(near)
        known = _names()
        shown = [{**row, "collector_id": row["collector"], "name": known.get(row["collector"])} for row in just_above]
        _lean(
            panel, found, shown, {"collector_id": "text", "name": "text", "mark": "text", "quantity": "number", "edge": "number", "above": "number"}
        )


def _lean(panel: ui.Panel, found: fairness.Lean, rows: list[dict[str, Any]], units: Mapping[str, str]) -> None:
    lang = ui.lang()
    panel.title(telling.lean(found, lang))
    st.caption(telling.caution(found, lang, _names()))
    shape = [Column(name, ui.say(f"lean.{name}"), unit) for name, unit in units.items()]
    panel.table(rows, shape, empty=ui.say("lean.no_rows"))


_DAY = date(2000, 1, 2) - date(2000, 1, 1)
