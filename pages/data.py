"""What is loaded and from when, what became of every row of the export, and the snapshots to go back to."""

import streamlit as st

from dashboard import access, charts, findings, quality, saved, snapshots, ui

lang, info, whole = ui.lang(), ui.frame().info, ui.unfiltered()
note = info.note.get(lang)
rows_too = access.sees_exports(ui.frame().scope)

if access.may_upload(ui.frame().person):
    way = ui.frame().view.to_query()
    st.page_link("../pages/upload.py", label=ui.say("upload.choose"), icon=":material/upload_file:", query_params=way)

with ui.panel("tables", ui.say("data.tables"), ui.say("data.tables_note")) as panel:
    supplied = ui.report("supplied")
    rows = quality.tables(ui.report("table_rows"), ui.report("sources"), supplied, lang)
    panel.facts((ui.say("data.loaded_at"), ui.moment(info.loaded_at)), (ui.say("data.note"), note), (ui.say("data.timezone"), info.timezone))
    panel.table(rows, ui.columns("data", table="text", rows="count", first_on="date", last_on="date", lag_days="days", without="text"), whole)
    if absent := quality.not_supplied(supplied):
        ui.not_supplied(absent)

with ui.panel("files", ui.say("data.files"), ui.say("data.files_note")) as panel:
    accounts = ui.report("files")
    rows = quality.files(accounts, lang)
    panel.title(ui.say("data.accounted" if quality.accounted(accounts) else "data.not_accounted"))
    counts = dict.fromkeys(("rows_read", "rows_loaded", "rows_rejected", "rows_folded", "rows_blank", "rows_used", "rows_unused"), "total")
    panel.table(rows, ui.columns("data", name="text", table="text", encoding="text", **counts, ignored="text"), whole)

with ui.panel("waterfall", ui.say("data.waterfall"), metric="net_amount") as panel:
    steps = ("exported_amount", "duplicate_amount", "unposted_amount", "gross_amount", "reversed_amount", "net_amount")
    answer = ui.measure(*steps, "tie_out_gap")
    money = answer.rows[0]
    panel.title(findings.leaks(money["exported_amount"], money["net_amount"], lang))
    panel.subtitle(ui.say("data.waterfall_note", gap=ui.money(money["tie_out_gap"]), period=ui.period(ui.view_filters())))
    panel.figure(charts.waterfall(ui.waterfall(money, steps), lang, ui.currency()))
    if not ui.frame().warehouse.supplied("payments.status"):
        st.caption(ui.say("data.no_status"))
    panel.table(answer.rows, ui.columns_of(answer, (), (*steps, "tie_out_gap")), shown=False)

with ui.panel("breaches", ui.say("data.breaches"), ui.say("data.breaches_note")) as panel:
    rows = quality.breaches(ui.report("breaches"), lang)
    shown = ui.columns("data", kind="text", table="text", column="text", file="text", line="text", value="text", expected="text", occurrences="count")
    panel.table(
        rows,
        [column for column in shown if column.id != "value" or rows_too],
        whole,
        empty=ui.say("data.no_breaches"),
    )

with ui.panel("flags", ui.say("data.flags"), ui.say("data.flags_note")) as panel:
    if not rows_too:
        raise ui.Withheld
    rows, count, every = ui.paged("flagged", quality.flags, kind=None)
    panel.counted(ui.say("data.flags_note"), len(rows), count)
    shown = ui.columns("data", kind="text", table="text", file="text", line="text", key="text", detail="text")
    panel.table(rows, shown, whole, empty=ui.say("data.no_flags"), every=every)

with ui.panel("rejects", ui.say("data.rejects"), ui.say("data.rejects_note")) as panel:
    if not rows_too:
        raise ui.Withheld
    rows, count, every = ui.paged("rejects", quality.rejects, table=None)
    panel.counted(ui.say("data.rejects_note"), len(rows), count)
    texts = dict.fromkeys(("table", "kind", "column", "value", "expected", "content"), "text")
    panel.table(rows, ui.columns("data", file="text", line="text", **texts), whole, empty=ui.say("data.no_rejects"), every=every)

with ui.panel("snapshots", ui.say("data.snapshots"), ui.say("data.snapshots_note")) as panel:
    snapshots.listed(ui.frame())

with ui.panel("notes", ui.say("note.title"), ui.say("note.subtitle")):
    saved.notes(ui.frame())
