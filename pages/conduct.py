"""Do we keep to the rules of contact, and who complains of what? Every rule with what it checks, what breaks it and what can't be checked."""

from dashboard import ui
from dashboard.channels import figures
from dashboard.channels import sentences as lanes
from dashboard.comparing import by_month, side_by_side
from dashboard.compliance import sentences
from dashboard.compliance.sentences import CARDS, CHECKS, COMPLAINTS, TRENDS

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
rate = "breaches_per_1000"
own = ("collector",) if at.scope.names else ()
last = ui.trailing(1)  # each contact is held against each rule when asked for: a year of a million cases is ten million

with ui.guarded():
    ui.cards(ui.figures(*CARDS))

with ui.panel("rules", ui.say("conduct.rules"), metric=rate) as panel:
    panel.subtitle(f"{sentences.held_against(ui.report('regimes'), lang)} · {ui.period(last)} · {ui.say('conduct.no_judgement')}")
    answer, why = ui.measure(*CHECKS, by=("rule",), filters=last, lead=rate), ("rule", "check_reason")
    unknown = any(row["contacts_unchecked"] for row in answer.rows)
    unchecked = ui.measure("contacts_unchecked", by=why, filters=last).rows if unknown else []
    rows = sentences.rule_rows(answer.rows, unchecked, lang)
    panel.title(sentences.most_broken(rows, lang))
    panel.figure(figures.lanes([ui.names("rule", rows)[row["rule"]] for row in rows], lanes.lanes(rows, CHECKS[:2], currency, lang), lang, currency))
    said = ui.columns("conduct", why="text", said="text", strength="text", since="date", confidence="text", source="text")
    panel.table(rows, [*ui.columns_of(answer, ("rule",), CHECKS), *said], last)

chosen = "none"
with ui.guarded():
    ui.supplied("contacts")
    names = sentences.rule_names(ui.report("regimes"), at.info.as_of, lang)
    chosen = ui.option("rule", names, ui.say("conduct.where"), listed=True, note=ui.say("conduct.where_note"))
if chosen != "none":
    with ui.panel("where", ui.say("conduct.where"), metric=rate) as panel:
        within = last if chosen == "all" else last.choosing("rule", [chosen])
        panel.subtitle(f"{names[chosen]} · {ui.period(within)} · {ui.say('conduct.where_note')}")
        by = ui.choice("where_by", ("team", *own, "channel", "hour", "weekday", "bucket", "product", "agency"))
        side_by_side(panel, CHECKS[:3], by, rate, within)

with ui.panel("conduct_trend") as panel:
    by_month(panel, TRENDS, "conduct_of")

with ui.panel("complaints", ui.say("conduct.complaints"), metric="complaints") as panel:
    ui.supplied("complaints")
    cuts = ("complaint_category", "complaint_severity", "complaint_channel", "team", *own, "agency", "product", "region", "bucket")
    by = ui.choice("complaints_by", cuts)
    wanted = (*COMPLAINTS, "complaints_per_1000") if not by.startswith("complaint_") else COMPLAINTS
    span = ui.trailing(12)
    panel.subtitle(f"{ui.formula('complaints')} · {ui.period(span)}")
    side_by_side(panel, wanted, by, "complaints", span)
