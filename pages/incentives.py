"""What is paid for a month, why, and where it stands: the run and its life, statements down to payments, adjustments, disputes, history."""

from dashboard import paystatements, paywork, paywritten

paywork.said()
with paywork.guarded():
    at = paywork.asked()
    if at.sight == "own":
        paystatements.own(at)
        paywritten.disputes(at)
    elif at.sight in ("team", "progress"):
        paystatements.progress(at)
        paystatements.statements(at)
    elif at.sight == "all":
        paywork.run(at)
        paystatements.statements(at)
        paywork.ties(at)
        paywritten.adjustments(at)
        paywritten.differences(at)
        paywritten.disputes(at)
        paywritten.history(at)
    else:
        paywork.nothing_for(at.desk.person)
