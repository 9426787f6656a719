"""How long does it take? To the first payment, to a cure, and until a cured case falls behind again; leaving counts as leaving."""

from dashboard import timing, ui

lang, placed = ui.lang(), ui.trailing(24)
note = f"{ui.say('recovery.cohorts', period=ui.period(placed))} · {ui.say('timing.method', method=timing.METHOD, least=timing.LEAST)}"
by = ""
with ui.guarded():
    by = ui.choice("timing_by", timing.DIMENSIONS, timing.labels(lang))

for event, needs in timing.EVENTS.items() if by else ():
    with ui.panel(f"time_to_{event}", ui.say(f"timing.{event}"), metric="time_to_first_payment" if event == "payment" else None) as panel:
        panel.subtitle(f"{ui.say(f'timing.{event}_note')} · {note}")
        ui.supplied(*needs)
        rows = ui.report("times", **timing.parameters(event, by, placed, ui.frame().scope.teams))
        if not rows:
            raise ui.NothingLeft
        curves = timing.curves(rows, ui.frame().warehouse.values(by) if by == "bucket" else ())
        names = timing.names(curves, by, lang)
        if curves:
            panel.title(timing.finding(event, curves, names, lang))
            panel.figure(timing.figure(event, curves, names, lang))
            panel.facts((ui.say("timing.medians"), " · ".join(f"{name} {text}" for name, text in timing.medians(curves, names, lang))))
        table = timing.table(curves, names)
        panel.table(table, timing.columns(by, lang), placed, empty=ui.say("timing.too_few", least=timing.LEAST))
