"""What is paid for a month, why, and where it stands: the run and its life, statements down to payments, adjustments, disputes, history."""

from dashboard import paywork

paywork.said()
with paywork.guarded():
    at = paywork.asked()
    if at.sight == "own":
        paywork.own(at)
        paywork.disputes(at)
    elif at.sight in ("team", "progress"):
        paywork.progress(at)
        paywork.statements(at)
    elif at.sight == "all":
        paywork.run(at)
        paywork.statements(at)
        paywork.ties(at)
        paywork.adjustments(at)
        paywork.differences(at)
        paywork.disputes(at)
        paywork.history(at)
    else:
        paywork.nothing_for(at.desk.person)
