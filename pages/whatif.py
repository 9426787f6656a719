"""What if the plan were another: a draft or another plan on months gone by, who gains and loses, cliffs, cost ahead, fairness, leanings."""

from dashboard import draftwork, paywork

paywork.said()
with paywork.guarded():
    trial = draftwork.asked()
    draftwork.side_by_side(trial)
    draftwork.rules(trial)
    draftwork.people(trial)
    draftwork.spread(trial)
    draftwork.cliffs(trial)
    draftwork.ahead(trial)
    draftwork.keep(trial)
    draftwork.fair(trial)
    draftwork.leanings(trial)
