"""What will come in? Cash to come by placement batch with its band, the same from today's stock, and how well both would have done."""

import streamlit as st

from dashboard import charts, ui
from dashboard.forecast import backtest, batches, figures, migration, sentences

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
whole = at.view.filters.replace(start=at.info.first_on, until=at.info.as_of)
cells: tuple[batches.Cell, ...] = ()
found: batches.Outlook | None = None
with ui.guarded():
    ui.supplied("cases", "payments")
    by = ("placed_month", "months_since_placement")
    cells = batches.cells(ui.measure("cohort_net_amount", "cohort_placed_amount", by=by, filters=whole).rows)
    try:
        found = batches.outlook(cells)
    except batches.TooShort as error:
        st.info(sentences.too_short(error, bool(whole.where), lang), icon=":material/hourglass_empty:")

if found:
    triangle, month, trials = batches.triangle(cells), ui.month(found.as_of), backtest.of_batches(cells)
    filtered = bool(whole.where) or at.scope.teams is not None
    targets = {} if filtered else ui.targets("net_amount")
    money = dict.fromkeys(("expected", "low", "high", "from_placed", "from_new", "target", "gap"), "amount")
    with ui.panel("next", ui.say("forecast.next"), metric="net_amount") as panel:
        panel.title(ui.unread(sentences.ahead(found, targets, lang, currency)))
        note = ui.say("forecast.note", n=len(found.batches), month=month)
        panel.subtitle(f"{note} · {ui.unread(sentences.assumption(found, lang, currency))}")
        panel.figure(figures.ahead(triangle.recent(12), found, targets, lang, currency))
        if not {one.month for one in found.months} <= set(targets):
            st.caption(ui.say("forecast.no_target_filtered" if filtered else "forecast.no_target"))
        panel.table(sentences.months(found, targets), ui.columns("forecast", month="month", **money), whole)
        with st.expander(ui.say("forecast.methods"), icon=":material/menu_book:"):
            for head, text in sentences.methods(lang):
                st.markdown(f"**{head}**  \n{text}")

    with ui.panel("batches", ui.say("forecast.batches"), metric="cohort_net_amount") as panel:
        panel.title(ui.unread(sentences.to_come(found, lang, currency)))
        panel.subtitle(ui.say("forecast.batches_note", month=month, reach=found.reach))
        panel.figure(figures.batches(found, lang, currency))
        unusual, notes = sentences.warnings(found, lang)
        if unusual:
            st.warning(unusual, icon=":material/warning:")
        st.caption(" ".join(notes))
        money = dict.fromkeys(("placed", "cash", "to_come", "low", "high", "error"), "amount")
        panel.table(sentences.batches(found, lang), ui.columns("forecast", placed_month="month", **money, method="text"), whole)

    with ui.panel("backtest", ui.say("forecast.backtest")) as panel:
        if trials:
            panel.title(sentences.inside(trials, lang))
            panel.subtitle(sentences.errors(trials, lang))
            panel.figure(figures.trials(trials, lang, currency))
            panel.facts(*sentences.horizons(trials, lang))
        money = dict.fromkeys(("expected", "low", "high", "actual"), "amount")
        columns = ui.columns("forecast", month="month", ahead="count", made="month", **money, verdict="text")
        panel.table(sentences.trials(trials, lang), columns, whole, empty=ui.say("forecast.no_trial"))

    with ui.panel("stock", ui.say("forecast.migration"), ui.say("forecast.migration_note"), metric="moved_amount") as panel:
        ui.supplied("balances")
        moves = migration.moves(ui.report("state_months", **migration.parameters(whole, at.scope.teams)))
        said = migration.expectation(moves, cells)
        if whole.chosen("bucket") or said is None:
            st.info(ui.say("forecast.bucket_filter" if whole.chosen("bucket") else "forecast.too_short_stock"))
        else:
            others = migration.of_buckets(moves, cells)
            if whole.chosen("team") or at.scope.teams is not None:
                st.caption(ui.say("forecast.team_note"))
            panel.title(sentences.better(trials, others, lang))
            rows = sentences.beside(found, said.months, trials, others)
            lines = {
                ui.say(f"forecast.{key}"): [(row["month"], row[key]) for row in sorted(rows, key=lambda row: row["month"])]
                for key in ("by_batches", "by_stock", "actual")
            }
            panel.figure(charts.lines(lines, "amount", lang, currency, months=True))
            panel.table(rows, ui.columns("forecast", month="month", by_batches="amount", by_stock="amount", actual="amount"), whole)
