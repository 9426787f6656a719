"""When and how often does it pay to try? By weekday and hour, by attempt, by sequence of channels, and how near the legal caps that comes."""

import streamlit as st

from dashboard import formats, ui
from dashboard.channels import caps, figures, sentences, when

lang, currency, at, rate = ui.lang(), ui.currency(), ui.frame(), "right_party_rate"
year = ui.trailing(12)
with ui.guarded():
    ui.supplied("contacts")
    channels = {"all": ui.say("intensity.every"), **sentences.channel_names(lang, live=True)}
    channel = ui.option("channel", channels, ui.say("channels.channel"))
    year = year if channel == "all" else year.choosing("channel", [channel])

with ui.panel("heat", ui.say("intensity.heat"), metric=rate) as panel:
    panel.subtitle(f"{ui.say('intensity.heat_note', least=when.LEAST)} · {ui.period(year)}")
    answer = ui.measure(rate, by=("weekday", "hour", "attempt_band"), filters=year)
    cells = when.standardised(answer.rows, f"{rate}_part", f"{rate}_whole")
    if not any(cell.rate is not None for cell in cells):
        st.info(ui.say("intensity.too_few", least=when.LEAST), icon=":material/hourglass_empty:")
    panel.title(sentences.pattern(cells, lang))
    panel.figure(figures.heat(cells, lang, ui.dark()))
    units = {"attempts": "total", "crude": "rate", "rate": "rate", "low": "rate", "high": "rate"}
    panel.table(sentences.heat_table(cells, lang), ui.columns("intensity", weekday="text", hour="count", **units), year, empty=ui.say("state.no"))

for by, order in (("attempt_band", when.BANDS), ("days_band", when.DAYS)):
    with ui.panel(by, ui.say(f"intensity.{by}"), metric=rate) as panel:
        panel.subtitle(f"{ui.formula(rate)} · {ui.say('intensity.bands_note')} · {ui.period(year)}")
        answer = ui.measure(rate, by=(by,), filters=year)
        points = sentences.bands(answer.rows, by, order, rate)
        panel.title(sentences.diminishing(points, ui.say(f"intensity.{by}_axis"), lang))
        panel.figure(figures.response(points, ui.say(f"intensity.{by}_axis"), lang))
        panel.table(answer.rows, ui.columns_of(answer, (by,), (rate,)), year)

with ui.panel("sequence", ui.say("intensity.sequence")) as panel:
    ui.supplied("contacts", "cases", "payments")
    placed = ui.trailing(12)
    panel.subtitle(f"{ui.say('intensity.sequence_note', n=sentences.PAID_WITHIN)} · {ui.say('recovery.cohorts', period=ui.period(placed))}")
    rows = ui.report("touch_sequences", days=sentences.PAID_WITHIN, **sentences.parameters(placed, at.scope.teams))
    if not rows:
        raise ui.NothingLeft
    panel.title(sentences.untouched(rows, lang))
    panel.figure(figures.sequence(*sentences.flows(rows, lang), lang, ui.dark()))
    units = {"cases": "total", "paid_cases": "total", "share": "rate", "low": "rate", "high": "rate"}
    panel.table(sentences.sequences(rows, lang), ui.columns("intensity", sequence="text", **units), placed)

with ui.panel("caps", ui.say("intensity.caps")) as panel:
    ui.supplied("contacts")
    last = ui.trailing(1)
    rows = sentences.cap_rows(ui.computed(caps.uses, **sentences.parameters(last, at.scope.teams)), lang)
    checked = [row for row in rows if row.get("units")]
    panel.title(sentences.above(checked, lang) if checked else None)
    panel.subtitle(f"{ui.say('intensity.caps_note')} · {ui.period(last)}")
    if checked:
        panel.figure(figures.lanes([row["short"] for row in checked], sentences.cap_lanes(checked, lang), lang, currency))
    units = {"units": "count", "near_cap": "count", "at_cap": "count", "above_cap": "count", "most": "count"}
    said = {"checked": "text", "since": "date", "confidence": "text", "source": "text"}
    none = ui.say("intensity.no_cap", day=formats.day(last.until, lang))
    panel.table(rows, ui.columns("intensity", rule="text", unit="text", **units, **said), last, empty=none)
