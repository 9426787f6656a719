"""Every rule by a worked example: which cash counts, whose it is, what each step makes of it, and what the order of two steps changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dashboard.incentives.engine import RunRefused
from dashboard.incentives.inputs import Adjustment, Complaint, Difference, Earned, Inputs, Remembered
from tests.incentives.paying import d, inputs, paid, pay, person, plan, run, statement

ONE = '{ id = "rates", kind = "rate", table = [{ rate = "1%" }] }'
W2 = person("W2", team="B")


def reasons(head: str, given: Inputs) -> dict[str, str]:
    """What isn't credited, by reason."""
    return {one.reason: str(one.cash) for one in run(plan(ONE, head=head), given).uncredited}


# --- which cash counts ------------------------------------------------------------------------------------------------

ELIGIBLE = {
    # posted by the fifth day after the month's end, or not known when: this month
    "in time": ("[eligible]\ncutoff_days = 5", [paid("P1", 1000, posted_day="2026-04-05"), paid("P2", 1000)], "20.00", {}),
    "late": ("[eligible]\ncutoff_days = 5", [paid("P1", 1000, posted_day="2026-04-06"), paid("P2", 1000)], "10.00", {"posted_late": "1000.00"}),
    "late, and no cut-off": ("", [paid("P1", 1000, posted_day="2026-04-06")], "10.00", {}),
    # an earlier month's payment that was posted after that month's cut-off counts now, beyond this month's net cash
    "brought forward": ("[eligible]\ncutoff_days = 5", [paid("P0", 700, paid_day="2026-02-27", posted_day="2026-03-09")], "7.00", {"brought_forward": "-700.00"}),
    "brought forward and reversed": (
        "[eligible]\ncutoff_days = 5",
        [paid("P0", 700, paid_day="2026-02-27", posted_day="2026-03-09"), paid("R0", -700, paid_day="2026-03-20", origin_day="2026-02-27", reverses="P0")],
        "0.00", {"brought_forward": "-700.00"},
    ),
    # later still: that is for April to count
    "two months late": ("[eligible]\ncutoff_days = 5", [paid("P0", 700, paid_day="2026-02-27", posted_day="2026-04-06")], "0.00", {}),
    "of the month before": ("[eligible]\ncutoff_days = 5", [paid("P0", 700, paid_day="2026-02-27", posted_day="2026-03-05")], "0.00", {}),
    # a reversal in the same month is netted; of an earlier month it is never the desk's unless a locked month paid for it
    "netted": ("", [paid("P1", 1000), paid("R1", -400, reverses="P1")], "6.00", {}),
    "earlier payment reversed": ("", [paid("P1", 1000), paid("R1", -400, reverses="P0", origin_day="2026-02-10")], "10.00", {"reversal_unpaid": "-400.00"}),
    "reversal of nothing known": ("", [paid("P1", 1000), paid("R1", -400)], "10.00", {"reversal_unknown": "-400.00"}),
    "nobody's": ("", [paid("P1", 1000), paid("P2", 500, "house")], "10.00", {"house": "500.00"}),
    "of a stranger": ("", [paid("P1", 1000), paid("P2", 500, "W9")], "10.00", {"no_such_collector": "500.00"}),
    "direct to the client": (
        '[eligible]\nrule = [{ method = "direct", share = 0, reason = "client_direct" }]',
        [paid("P1", 1000), paid("P2", 500, method="direct")], "10.00", {"client_direct": "500.00"},
    ),
    "for a share": (
        '[eligible]\nrule = [{ method = ["direct", "counter"], product = "card", share = "85.5%", reason = "client_direct" }]',
        [paid("P1", 1000), paid("P2", 500, method="direct"), paid("P3", 500, method="direct", product="loan")], "19.28", {"client_direct": "72.50"},
    ),
    "the first rule that fits decides": (
        '[eligible]\nrule = [{ product = "card", share = 1, reason = "policy" }, { method = "direct", share = 0, reason = "client_direct" }]',
        [paid("P1", 1000, method="direct"), paid("P2", 500, method="direct", product="loan")], "10.00", {"client_direct": "500.00"},
    ),
    # touched at most thirty days before: worked; the thirty-first, after it, or never: it paid by itself
    "self-cure": (
        '[eligible]\ntouch = "attempt"\ntouch_days = 30\nrule = [{ touch = "self_cure", share = 0, reason = "self_cure" }]',
        [paid("P1", 1000, touched_day="2026-02-08"), paid("P2", 1000, touched_day="2026-02-07"), paid("P3", 1000, touched_day="2026-03-10"), paid("P4", 1000), paid("P5", 1000, touched_day="2026-03-11")],
        "20.00", {"self_cure": "3000.00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ELIGIBLE)
def test_which_cash_counts(name: str) -> None:
    head, payments, answer, left = ELIGIBLE[name]
    given = inputs(payments)
    assert pay(plan(ONE, head=head), given) == d(answer)
    assert reasons(head, given) == left
    assert all(tie.difference == 0 for tie in run(plan(ONE, head=head), given).ties)


# --- whose it is ------------------------------------------------------------------------------------------------------

TALK: dict[str, Any] = {"talker": "W2", "talked_day": "2026-02-24"}
MOVED: dict[str, Any] = {"previous": "W2", "moved_day": "2026-03-04"}
CREDIT = {
    "holder at value date": ("", [paid("P1", 1000, own="W2", **TALK, **MOVED)], "10.00", "0.00"),
    "the payment's own": ('[credit]\nrule = "payment"', [paid("P1", 1000, own="W2"), paid("P2", 500)], "5.00", "10.00"),
    "the payment's own, else the house": ('[credit]\nrule = "payment"\notherwise = "house"', [paid("P1", 1000, own="W2"), paid("P2", 500)], "0.00", "10.00"),
    "last talk within 14 days": ('[credit]\nrule = "right_party"\nwithin_days = 14', [paid("P1", 1000, **TALK)], "0.00", "10.00"),
    "last talk too long ago": ('[credit]\nrule = "right_party"\nwithin_days = 13', [paid("P1", 1000, **TALK)], "10.00", "0.00"),
    "no talk, else the house": ('[credit]\nrule = "right_party"\nwithin_days = 13\notherwise = "house"', [paid("P1", 1000, **TALK)], "0.00", "0.00"),
    # what isn't the holder's has nothing to do with whom the holder had the case from
    "the payment's own after a transfer": (
        '[credit]\nrule = "payment"\ntransfer_days = 7\ntransfer_share = "70%"', [paid("P1", 1000, own="W2", previous="house", moved_day="2026-03-04")], "0.00", "10.00",
    ),
    # held since 4 March, paid on the 10th: the seventh day of holding
    "shared after a transfer": ('[credit]\ntransfer_days = 7\ntransfer_share = "70%"', [paid("P1", 1000, **MOVED)], "7.00", "3.00"),
    "transfer long ago": ('[credit]\ntransfer_days = 6\ntransfer_share = "70%"', [paid("P1", 1000, **MOVED)], "10.00", "0.00"),
    "shared to the cent": ('[credit]\ntransfer_days = 7\ntransfer_share = "33.3333%"', [paid("P1", "300.00", **MOVED)], "1.00", "2.00"),
    "a reversal is shared as its payment": (
        '[credit]\ntransfer_days = 7\ntransfer_share = "70%"',
        [paid("P1", 1000, **MOVED), paid("R1", -1000, paid_day="2026-03-25", origin_day="2026-03-10", reverses="P1", **MOVED)], "0.00", "0.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CREDIT)
def test_whose_it_is(name: str) -> None:
    head, payments, first, second = CREDIT[name]
    given, using = inputs(payments, [person(), W2]), plan(ONE, head=head)
    assert (pay(using, given), pay(using, given, "W2")) == (d(first), d(second))
    found = run(using, given)
    assert all(tie.difference == 0 for tie in found.ties)
    shares: dict[str, Any] = {}
    for one in found.statements:
        for group in one.credited:
            for identifier, share in zip(group.payments, group.shares, strict=True):
                shares[identifier] = shares.get(identifier, 0) + share
    assert set(shares.values()) <= {1}  # what is credited of a payment is credited whole


def test_a_plan_pays_those_it_applies_to() -> None:
    using = plan(ONE, head='applies = { team = ["B"], grade = ["junior", "senior"] }')
    found = run(using, inputs([paid("P1", 1000), paid("P2", 500, "W2", team="B")], [person(), W2, person("W3", team="B", grade="lead")]))
    assert [(one.collector, one.amount) for one in found.statements] == [("W2", d("5.00"))]
    assert [(one.reason, one.cash) for one in found.uncredited] == [("other_plan", d(1000))]


# --- steps, each alone ------------------------------------------------------------------------------------------------

TEN = [paid("P1", 10_000)]
BUCKETS = [paid("P1", 1000), paid("P2", 1000, bucket="M2"), paid("P3", 1000, bucket="M2", product="loan"), paid("P4", 1000, bucket="M3")]


def tiers(mode: str, more: str = "") -> str:
    levels = '[{ from = 0, rate = "0.5%" }, { from = 200000, rate = "0.8%" }, { from = 400000, rate = "1.2%" }]'
    return f'{{ id = "t", kind = "tiers", of = "cash", mode = "{mode}", levels = {levels}{more} }}'


def gate(on: str, bands: str, more: str = "") -> str:
    return f'{{ id = "g", kind = "gate", on = "{on}", bands = [{bands}], missing = 0.25{more} }}'


def goal(more: str) -> str:
    """A target of 8,000 and one per cent of pay for each per cent reached, so that attainment shows in the pay."""
    return f'{{ id = "goal", kind = "target", of = "cash", {more} }}, {{ id = "p", kind = "bands", on = "cash", amount = {{ times = 100, of = "attainment" }}, bands = [{{ factor = 1 }}], missing = 0 }}'


QA = "{ at_least = 85, factor = 1 }, { at_least = 70, factor = 0.5 }, { factor = 0 }"
FLAT = '{ id = "flat", kind = "fixed", table = [{ amount = 3000 }, { grade = "senior", amount = 5000 }, { grade = "senior", team = "A", amount = 5500 }] }'
STEPS: dict[str, tuple[list[str], Any, str]] = {
    "the most specific rate": (
        ['{ id = "r", kind = "rate", table = [{ rate = "1%" }, { bucket = "M2", rate = "2%" }, { bucket = "M2", product = "loan", rate = "5%" }] }'],
        inputs(BUCKETS), "90.00",
    ),
    "rates by team and grade": (
        ['{ id = "r", kind = "rate", table = [{ rate = "1%" }, { team = "A", rate = "2%" }, { team = "A", grade = "senior", rate = "3%" }] }'],
        inputs(TEN, [person(grade="senior")]), "300.00",
    ),
    "rates on touched cash": (
        ['{ id = "r", kind = "rate", table = [{ touch = "worked", rate = "2%" }, { touch = "self_cure", rate = "0.5%" }] }'],
        inputs([paid("P1", 1000, touched_day="2026-03-01"), paid("P2", 1000)]), "25.00",
    ),
    "weights": (
        ['{ id = "w", kind = "weigh", as = "weighted", table = [{ weight = 1 }, { bucket = "M3", weight = 1.4 }] }', '{ id = "r", kind = "rate", of = "weighted", table = [{ rate = "1%" }] }'],
        inputs(BUCKETS), "44.00",
    ),
    "a fixed amount": ([FLAT], inputs([], [person(grade="senior")]), "5500.00"),
    "a fixed amount of a part of the month": (
        [FLAT.replace("table", "prorate = true, table")], inputs([], [person(hired_on=date(2026, 3, 17), worked_days=10, leave_days=2)]),
        "1209.68",  # 3,000 × 15/31 of the month employed × 10/12 of it at work
    ),
    "marginal tiers": ([tiers("marginal")], inputs([paid("P1", 450_000)]), "3200.00"),  # 1,000 + 1,600 + 600
    # a reversal of this month's of a payment that isn't there: it takes back at the first rate
    "marginal tiers of less than nothing": ([tiers("marginal")], inputs([paid("R1", -1000, reverses="P9")]), "-5.00"),
    "whole tiers": ([tiers("whole")], inputs([paid("P1", 450_000)]), "5400.00"),
    "no tier reached": (['{ id = "t", kind = "tiers", of = "cash", mode = "whole", levels = [{ from = 20000, rate = 1 }] }'], inputs(TEN), "0.00"),
    "a tier by last month": (
        [tiers("whole", ', by = "previous.cash"')],
        inputs(TEN, remembered=Remembered(previous=(("W1", "cash", d(250_000)),))), "80.00",
    ),
    "an amount by points": (
        ['{ id = "b", kind = "bands", on = "qa_score", amount = 1000, bands = [{ above = 90, factor = 1 }, { above = 80, factor = 0.75 }, { factor = 0 }], missing = 0 }'],
        inputs([], [person(qa=90)]), "750.00",
    ),
    "target of the plan": ([goal("table = [{ amount = 8000 }]")], inputs(TEN), "125.00"),
    "own target": ([goal('from = ["collector", "team"], metric = "net_amount"')], inputs(TEN, targets={("collector:W1", "net_amount"): 4000, ("team:A", "net_amount"): 1}), "250.00"),
    "team target by heads": (
        [goal('from = ["collector", "team"], metric = "net_amount"')],
        inputs([*TEN, paid("P3", 1, "W3")], [person(), person("W2"), person("W3", left_on=date(2026, 2, 1))], targets={("team:A", "net_amount"): 10000}), "200.00",
    ),
    "target less leave": ([goal("leave = true, table = [{ amount = 8000 }]")], inputs(TEN, [person(worked_days=15, leave_days=5)]), "166.67"),
    "target by caseload": ([goal("caseload = 200, table = [{ amount = 8000 }]")], inputs(TEN, [person(case_days=100 * 31)]), "250.00"),
    "target in the first month": ([goal('ramp = ["25%", "50%"], table = [{ amount = 8000 }]')], inputs(TEN, [person(hired_on=date(2026, 3, 2))]), "500.00"),
    "target in the second month": ([goal('ramp = ["25%", "50%"], table = [{ amount = 8000 }]')], inputs(TEN, [person(hired_on=date(2026, 2, 20))]), "250.00"),
    "target after the ramp": ([goal('ramp = ["25%", "50%"], table = [{ amount = 8000 }]')], inputs(TEN, [person(hired_on=date(2026, 1, 20))]), "125.00"),
    "a level that isn't reached speeds nothing up": ([goal("table = [{ amount = 20000 }]"), ONE, '{ id = "a", kind = "accelerator", of = "attainment", levels = [{ from = 1, factor = 2 }] }'], inputs(TEN), "150.00"),
    "a team without a target": ([goal('from = ["collector"], metric = "m", missing = "none"').split(', { id = "p"')[0], ONE, gate("team.attainment", QA)], inputs(TEN), "25.00"),
    "quality at the edge": ([ONE, gate("qa_score", QA)], inputs(TEN, [person(qa=85)]), "100.00"),
    "quality below it": ([ONE, gate("qa_score", QA)], inputs(TEN, [person(qa="84.9999")]), "50.00"),
    "quality unknown": ([ONE, gate("qa_score", QA)], inputs(TEN), "25.00"),
    "no critical breach": ([ONE, gate("critical_reviews", "{ at_most = 0, factor = 1 }, { factor = 0 }")], inputs(TEN), "100.00"),
    "a critical breach": ([ONE, gate("critical_reviews", "{ at_most = 0, factor = 1 }, { factor = 0 }")], inputs(TEN, [person(critical_reviews=1)]), "0.00"),
    "valid training": ([ONE, gate("training_valid", "{ at_least = 1, factor = 1 }, { factor = 0.5 }")], inputs(TEN, [person(trained_on=date(2025, 3, 31))]), "100.00"),
    "training a day too old": ([ONE, gate("training_valid", "{ at_least = 1, factor = 1 }, { factor = 0.5 }")], inputs(TEN, [person(trained_on=date(2025, 3, 30))]), "50.00"),
    "a gate on one step": ([FLAT, ONE, gate("qa_score", QA, ', only = ["rates"]')], inputs(TEN, [person(qa=75)]), "3050.00"),
    "below the cap": ([ONE, '{ id = "c", kind = "limit", most = 100.01 }'], inputs(TEN), "100.00"),
    "capped": ([ONE, '{ id = "c", kind = "limit", most = 99.99 }'], inputs(TEN), "99.99"),
    "a cap of the salary": (
        ['{ id = "s", kind = "fixed", as = "salary", pay = false, table = [{ amount = 300 }] }', ONE, '{ id = "c", kind = "limit", most = { times = 0.25, of = "salary" } }'],
        inputs(TEN), "75.00",
    ),
    "a floor": ([ONE, '{ id = "f", kind = "limit", least = 120 }'], inputs(TEN), "120.00"),
    "pool by heads": (['{ id = "p", kind = "pool", amount = { times = "1%", of = "team.cash" } }'], inputs(TEN, [person(), person("W2"), person("W3", team="B")]), "50.00"),
    "pool without who left": (['{ id = "p", kind = "pool", amount = 90 }'], inputs([paid("P3", 1, "W3")], [person(), person("W2"), person("W3", left_on=date(2026, 2, 1))]), "45.00"),
    "pool of a team without a target": (
        ['{ id = "goal", kind = "target", of = "cash", from = ["collector"], metric = "m", missing = "none" }', '{ id = "p", kind = "pool", amount = 90, on = "team.attainment", bands = [{ at_least = 1, factor = 1 }, { factor = 0.5 }] }'],
        inputs(TEN), "0.00",
    ),
    "pool by days": (['{ id = "p", kind = "pool", amount = 90, share = "worked_days" }'], inputs([], [person(worked_days=10), person("W2")]), "30.00"),
    "pool of a team that reached its target": (
        ['{ id = "goal", kind = "target", of = "cash", table = [{ amount = 5000 }] }', '{ id = "p", kind = "pool", amount = 90, on = "team.attainment", bands = [{ at_least = 1, factor = 1 }, { factor = 0 }] }'],
        inputs(TEN, [person(), person("W2")]), "45.00",
    ),
    "pool of a team that didn't": (
        ['{ id = "goal", kind = "target", of = "cash", table = [{ amount = 5001 }] }', '{ id = "p", kind = "pool", amount = 90, on = "team.attainment", bands = [{ at_least = 1, factor = 1 }, { factor = 0 }] }'],
        inputs(TEN, [person(), person("W2")]), "0.00",
    ),
    "complaints by category": (
        [ONE, '{ id = "q", kind = "deduct", table = [{ category = "AG", amount = 50 }, { category = "BBB", amount = 25 }] }', '{ id = "f", kind = "limit", least = 0 }'],
        inputs(TEN, complaints=[Complaint("1", "W1", "AG"), Complaint("2", "W1", "BBB"), Complaint("3", "W1", "other"), Complaint("4", "W2", "AG")]), "25.00",
    ),
    "a complaint at the most specific charge": (
        [ONE, '{ id = "q", kind = "deduct", table = [{ amount = 10 }, { category = "AG", amount = 50 }, { category = "AG", severity = "high", amount = 80 }] }', '{ id = "f", kind = "limit", least = 0 }'],
        inputs(TEN, complaints=[Complaint("1", "W1", "AG", "high"), Complaint("2", "W1", "BBB", "high")]), "10.00",
    ),
    "rounded half up": (['{ id = "r", kind = "rate", table = [{ rate = 0.00125 }] }'], inputs([paid("P1", 1002)]), "1.25"),  # 1.2525
    "put together": (
        ['{ id = "a", kind = "supplied", metric = "a", as = "a" }', '{ id = "b", kind = "supplied", metric = "b", as = "b", otherwise = 10 }',
         '{ id = "s", kind = "sum", as = "points", terms = [{ times = 0.4, of = "a" }, { times = 3, of = "b" }, { times = 1 }] }',
         '{ id = "p", kind = "bands", on = "points", amount = { times = 1, of = "points" }, bands = [{ factor = 1 }], missing = 0 }'],
        inputs([], targets={("team:A", "a"): 50}), "51.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_each_step_alone(name: str) -> None:
    steps, given, answer = STEPS[name]
    head = '[eligible]\ntouch = "attempt"\ntouch_days = 30' if "touched" in name else ""
    assert pay(plan(*steps, head=head), given) == d(answer)


@pytest.mark.parametrize(
    ("rule", "to", "answer"),
    [("half_up", "0.01", "2.35"), ("half_even", "0.01", "2.34"), ("down", "0.01", "2.34"), ("up", "0.1", "2.4"), ("half_up", "1", "2")],
)
def test_the_one_rounding_is_named(rule: str, to: str, answer: str) -> None:
    steps = ['{ id = "r", kind = "rate", table = [{ rate = 0.01 }] }', f'{{ id = "round", kind = "round", rule = "{rule}", to = {to} }}']
    assert pay(plan(*steps, ends=""), inputs([paid("P1", "234.50")])) == d(answer)


# --- steps that look back ---------------------------------------------------------------------------------------------

BACK = Earned("P0", "W1", date(2026, 1, 1), d("0.7"), d("0.01"), d("0.012"))
REVERSED = paid("R1", -1000, reverses="P0", origin_day="2026-01-20")
CLAW = '{ id = "c", kind = "clawback", at = "paid" }'
LOOKS_BACK: dict[str, tuple[list[str], Inputs, str, str]] = {
    # 1,000 reversed, 70% of it was W1's, paid at 1.2% after everything, 1.0% before
    "at the rate paid": ([ONE, CLAW], inputs([*TEN, REVERSED], remembered=Remembered(earned=(BACK,))), "91.60", "0"),
    "at the base rate": ([ONE, CLAW.replace("paid", "base")], inputs([*TEN, REVERSED], remembered=Remembered(earned=(BACK,))), "93.00", "0"),
    "more than there is": ([CLAW], inputs([REVERSED], remembered=Remembered(earned=(BACK,))), "0.00", "-8.4"),
    "no claw-back in the plan": ([ONE], inputs([*TEN, REVERSED], remembered=Remembered(earned=(BACK,))), "100.00", "0"),
    "a locked month would pay more": (
        [ONE, '{ id = "d", kind = "corrections" }'], inputs(TEN, remembered=Remembered(differences=(Difference("W1", date(2026, 2, 1), d(80), d("85.5")),))), "105.50", "0",
    ),
    "a locked month would pay less": (
        [ONE, '{ id = "d", kind = "corrections" }'], inputs(TEN, remembered=Remembered(differences=(Difference("W1", date(2026, 2, 1), d(80), d(60)),))), "80.00", "0",
    ),
    "adjusted": ([ONE, '{ id = "a", kind = "adjustments" }'], inputs(TEN, remembered=Remembered(adjustments=(Adjustment("7", "W1", d("-30"), "deduction", "phone", "anna"),))), "70.00", "0"),
    "a balance brought in": ([ONE], inputs(TEN, remembered=Remembered(carried=(("W1", d("-30.5")),))), "69.50", "0"),
    "a balance larger than pay": ([ONE], inputs(TEN, remembered=Remembered(carried=(("W1", d("-130.5")),))), "0.00", "-30.5"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS_BACK)
def test_steps_that_look_back(name: str) -> None:
    steps, given, answer, carried = LOOKS_BACK[name]
    made = statement(plan(*steps, ends="carry round"), given)
    assert (made.amount, made.carried) == (d(answer), d(carried))


def test_a_draw_is_paid_and_taken_back_later() -> None:
    steps = [ONE, '{ id = "carry", kind = "carry", draw = 150 }', '{ id = "round", kind = "round", rule = "half_up", to = 0.01 }']
    first = statement(plan(*steps, ends=""), inputs(TEN))
    assert (first.amount, first.carried) == (d("150.00"), d(-50))
    later = statement(plan(*steps, ends=""), inputs([paid("P1", 30_000)], remembered=Remembered(carried=(("W1", first.carried),))))
    assert (later.amount, later.carried) == (d("250.00"), d(0))


def test_who_left_is_paid_no_draw_and_keeps_owing() -> None:
    steps = [ONE, '{ id = "carry", kind = "carry", draw = 150 }', '{ id = "round", kind = "round", rule = "half_up", to = 0.01 }']
    gone, owing = person(left_on=date(2026, 2, 10)), Remembered(carried=(("W1", d(-30)),))
    made = statement(plan(*steps, ends=""), inputs([], [gone], remembered=owing))
    assert (made.amount, made.carried) == (d("0.00"), d(-30))


def test_somebody_who_left_still_settles() -> None:
    gone = person(left_on=date(2026, 2, 10))
    known = Remembered(adjustments=(Adjustment("7", "W1", d(30), "settlement", "last leave", "anna"),))
    using = plan(ONE, '{ id = "a", kind = "adjustments" }', ends="carry round")
    assert pay(using, inputs([], [gone], remembered=known)) == d(30)
    assert run(using, inputs([], [gone])).statements == ()


# --- two steps in a row: the answer in one order, and in the other ------------------------------------------------------

LESS = '{ id = "less", kind = "deduct", table = [{ amount = 40 }] }'
HALF = gate("qa_score", "{ at_least = 85, factor = 1 }, { factor = 0.5 }")
CAPPED = '{ id = "cap", kind = "limit", most = 70 }'
POOL = '{ id = "pool", kind = "pool", amount = 30 }'
FASTER = '{ id = "faster", kind = "accelerator", of = "attainment", levels = [{ from = "100%", factor = 2 }] }'
AIM = '{ id = "goal", kind = "target", of = "cash", table = [{ amount = 5000 }] }'
SMALL = '{ id = "t", kind = "tiers", of = "cash", mode = "marginal", levels = [{ from = 0, rate = "1%" }, { from = 5000, rate = "2%" }] }'
BONUS = '{ id = "bonus", kind = "fixed", table = [{ amount = 20 }] }'
MORE = '{ id = "more", kind = "adjustments" }'
EVERYTHING = inputs(
    [*TEN, paid("R1", -1000, reverses="P0", origin_day="2026-01-20")],
    [person(qa=80)],
    complaints=[Complaint("Q1", "W1")],
    remembered=Remembered(earned=(BACK,), adjustments=(Adjustment("7", "W1", d(-5), "deduction", "x", "anna"),)),
)
PAIRS = {
    # (first, second): paid in this order, paid in the other; what stands before them pays 100, or 150 by tiers
    "tier, accelerator": ([AIM], SMALL, FASTER, "225.00", "150.00"),  # 150 + half of it above target × 1; nothing to speed up yet
    "accelerator, gate": ([AIM, ONE], FASTER, HALF, "75.00", "75.00"),  # (100 + 50) / 2 either way: both multiply
    "gate, cap": ([ONE], HALF, CAPPED, "50.00", "35.00"),
    "cap, pool": ([ONE], CAPPED, POOL, "100.00", "70.00"),
    "gate, pool": ([ONE], HALF, POOL, "80.00", "65.00"),
    "pool, complaints": ([ONE], POOL, LESS, "90.00", "90.00"),  # sums don't mind the order
    "cap, complaints": ([ONE], CAPPED, LESS, "30.00", "60.00"),
    "gate, complaints": ([ONE], HALF, LESS, "10.00", "30.00"),
    "complaints, claw-back": ([ONE], LESS, CLAW, "51.60", "51.60"),
    "gate, claw-back": ([ONE], HALF, CLAW, "41.60", "45.80"),
    "claw-back, adjustment": ([ONE], CLAW, MORE, "86.60", "86.60"),
    "gate, bonus": ([ONE], HALF, BONUS, "70.00", "60.00"),
    "cap, gate on the rates": ([ONE], CAPPED, gate("qa_score", "{ at_least = 85, factor = 1 }, { factor = 0.5 }", ', only = ["rates"]'), "35.00", "50.00"),
    "accelerator, cap": ([AIM, ONE], FASTER, '{ id = "cap", kind = "limit", most = 90 }', "90.00", "135.00"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_two_steps_in_a_row(name: str) -> None:
    before, first, second, answer, other = PAIRS[name]
    assert pay(plan(*before, first, second, ends="carry round"), EVERYTHING) == d(answer)
    assert pay(plan(*before, second, first, ends="carry round"), EVERYTHING) == d(other)


def test_carry_then_round() -> None:
    """The balance is carried unrounded: 1.005 − 1.0025 leaves 0.0025, paid as 0.00; nothing is lost to rounding before the last step."""
    made = statement(plan(ONE, ends="carry round"), inputs([paid("P1", "100.50")], remembered=Remembered(carried=(("W1", d("-1.0125")),))))
    assert (made.amount, made.carried) == (d("0.00"), d("-0.0075"))


# --- what a run refuses to guess ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "given", "refused"),
    [
        (['{ id = "r", kind = "rate", table = [{ bucket = "M2", rate = 1 }] }'], inputs(TEN), ("r", "no_rate")),
        (['{ id = "f", kind = "fixed", table = [{ grade = "lead", amount = 1 }] }'], inputs(TEN), ("f", "no_amount")),
        (['{ id = "goal", kind = "target", of = "cash", metric = "m", from = ["collector"] }'], inputs(TEN), ("goal", "no_target")),
        (['{ id = "s", kind = "supplied", metric = "salary", as = "salary" }', '{ id = "c", kind = "limit", most = { times = 1, of = "salary" } }'], inputs(TEN), ("c", "no_value")),
    ],
)  # fmt: skip
def test_what_a_run_would_have_to_guess_is_refused(steps: list[str], given: Inputs, refused: tuple[str, str]) -> None:
    with pytest.raises(RunRefused) as caught:
        run(plan(*steps), given)
    assert [(one.step, one.code) for one in caught.value.refusals] == [refused]


def test_without_attendance_no_leave_is_known_and_it_is_said() -> None:
    found = run(
        plan(FLAT.replace("table", "prorate = true, table")), inputs([], [person(worked_days=None, hired_on=date(2026, 3, 30)), person("W2")])
    )
    assert [(one.collector, one.amount) for one in found.statements] == [("W1", d("193.55")), ("W2", d("3000.00"))]  # 3,000 × 2 of 31 days
    assert found.notes == (("no_attendance", "W1"),)


def test_base_and_paid_rates_of_a_payment() -> None:
    """100 of rates, doubled above target (10,000 of 5,000: half of it), half for quality, capped at 60: the base rate stays 1%, 0.6% was paid."""
    capped = CAPPED.replace("70", "60")
    (group,) = statement(plan(AIM, ONE, FASTER, HALF, capped), inputs(TEN, [person(qa=80)])).credited
    assert (group.base_rate, round(group.paid_rate, 12)) == (d("0.01"), d("0.006"))
    # halved before it is sped up: 50, and half of that above target
    (group,) = statement(plan(AIM, ONE, HALF, FASTER), inputs(TEN, [person(qa=80)])).credited
    assert (group.base_rate, group.paid_rate) == (d("0.01"), d("0.0075"))


def test_no_target_may_mean_no_accelerator() -> None:
    steps = ['{ id = "goal", kind = "target", of = "cash", metric = "m", from = ["collector"], missing = "none" }', ONE, FASTER]
    assert pay(plan(*steps), inputs(TEN)) == d("100.00")
