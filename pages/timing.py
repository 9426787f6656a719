"""How long does it take? To the first payment, to a cure, and until a cured case falls behind again, leaving counted as leaving."""

from dashboard import timing, ui

lang, placed = ui.lang(), ui.trailing(24)
note = f"{ui.say('recovery.cohorts', period=ui.period(placed))} · {ui.say('timing.method', method=timing.METHOD, least=timing.LEAST)}"
labels = {name: timing.label(name, ui.dimension_label(name), lang) for name in timing.DIMENSIONS}
by = ui.choice("timing_by", timing.DIMENSIONS, labels)

for event, needs in timing.EVENTS.items():
    with ui.panel(event, ui.say(f"timing.{event}"), metric="time_to_first_payment" if event == "payment" else None) as panel:
        ui.supplied(*needs)
        panel.subtitle(f"{ui.say(f'timing.{event}_note')} · {note}")
        rows = ui.report("times", **timing.parameters(event, by, placed, ui.frame().scope.teams))
        if not rows:
            raise ui.NothingLeft
        curves = timing.curves(rows, ui.frame().warehouse.values("bucket") if by == "bucket" else ())
        names = {group: ui.say("timing.others") if group is None else ui.name(by, group) for group in curves}
        table = timing.table(curves, names)
        if curves:
            panel.title(timing.finding(event, curves, names, lang))
            panel.figure(timing.figure(event, curves, names, lang))
            panel.facts((ui.say("timing.medians"), " · ".join(f"{name} {text}" for name, text in timing.medians(curves, names, lang))))
        shown = ui.columns(
            "timing", day="days", at_risk="count", share="rate", low="rate", high="rate", median="days", median_low="days", median_high="days"
        )
        panel.table(table, [ui.column("group", labels[by]), *shown], placed, empty=ui.say("timing.too_few", least=timing.LEAST))
