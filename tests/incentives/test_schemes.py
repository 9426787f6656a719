"""Published pay schemes, each as a small plan, with the figures their sources give."""

from __future__ import annotations

import pytest

from dashboard.incentives.cliffs import cliffs
from dashboard.incentives.inputs import Complaint, Inputs, Remembered
from tests.incentives.paying import d, inputs, paid, pay, person, plan, statement

SALARY = '{ id = "salary", kind = "fixed", as = "salary", table = [{ amount = 4000 }, { grade = "junior", amount = 3500 }] }'
FEES = '{ id = "fees", kind = "weigh", as = "fees", table = [{ weight = "30%" }, { product = "telecom", weight = "20%" }] }'
THREE = [paid("P1", 1000), paid("P2", 500, product="telecom")]


def points(past_due: int, ninety: int, deductions: int) -> Inputs:
    score = {("collector:W1", "past_due"): past_due, ("collector:W1", "ninety"): ninety, ("collector:W1", "deductions"): deductions}
    return inputs([], targets=score)


BANDS = [
    '{ id = "a", kind = "supplied", metric = "past_due", as = "past_due" }',
    '{ id = "b", kind = "supplied", metric = "ninety", as = "ninety" }',
    '{ id = "c", kind = "supplied", metric = "deductions", as = "deductions" }',
    '{ id = "score", kind = "sum", as = "score", terms = [{ times = 3, of = "past_due" }, { times = 3, of = "ninety" }, { times = 3, of = "deductions" }] }',
    '{ id = "salary", kind = "fixed", as = "salary", pay = false, table = [{ amount = 9000 }] }',
    '{ id = "bonus", kind = "bands", on = "score", amount = { times = "10%", of = "salary" }, missing = 0, bands = [{ below = 30, factor = 1 }, { at_most = 36, factor = 0.75 }, { at_most = 39, factor = 0.5 }, { at_most = 42, factor = 0.25 }, { factor = 0 }] }',
]


def gross(rate: str) -> str:
    return f'{{ id = "gross", kind = "rate", table = [{{ rate = "{rate}" }}] }}'


US = [
    gross("14%"),
    '{ id = "hourly", kind = "limit", least = { times = 7, of = "hours" } }',
    '{ id = "above", kind = "tiers", of = "cash", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = 10000, rate = "2%" }] }',
    '{ id = "complaints", kind = "deduct", table = [{ category = "AG", amount = 50 }, { category = "BBB", amount = 25 }] }',
]
WORKER = person(hours=d(80))
SCHEMES = {
    # break-even × salary: 4,000 × 3.5 = 14,000 of fees; 20,000 of fees earn 20% of 6,000; 5,200 in all is 26% of revenue
    "break-even times salary": (
        [SALARY, '{ id = "commission", kind = "tiers", of = "cash", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = { times = 3.5, of = "salary" }, rate = "20%" }] }'],
        inputs([paid("P1", 20_000)], [person(grade="lead")]), "5200.00",
    ),
    "break-even of a junior": (
        [SALARY, '{ id = "commission", kind = "tiers", of = "cash", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = { times = 3.5, of = "salary" }, rate = "20%" }] }'],
        inputs([paid("P1", 12_250)]), "3500.00",
    ),
    # 25% of contingency fees above a threshold
    "share of fees after a threshold": (
        [FEES, '{ id = "commission", kind = "tiers", of = "fees", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = 200, rate = "25%" }] }'],
        inputs(THREE), "50.00",  # 300 + 100 of fees, 200 above
    ),
    "share of fees after one's goal": (
        [FEES, '{ id = "goal", kind = "target", of = "fees", metric = "fees", from = ["collector"] }',
         '{ id = "commission", kind = "tiers", of = "fees", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = { times = 1, of = "target" }, rate = "25%" }] }'],
        inputs(THREE, targets={("collector:W1", "fees"): 300}), "25.00",
    ),
    "one per cent of gross over the goal": (
        ['{ id = "goal", kind = "target", of = "cash", table = [{ amount = 8000 }] }',
         '{ id = "over", kind = "tiers", of = "cash", by = "attainment", mode = "marginal", levels = [{ from = 0, rate = 0 }, { from = "100%", rate = "1%" }] }'],
        inputs([paid("P1", 10_000)]), "20.00",
    ),
    # 14% of gross per two weeks or USD 7 an hour, whichever is greater; 2% more above 10,000; −50 an AG, −25 a BBB complaint
    "the greater of 14% and 7 an hour: the hours": ([*US, '{ id = "zero", kind = "limit", least = 0 }'], inputs([paid("P1", 3000)], [WORKER]), "560.00"),
    "the greater of 14% and 7 an hour: the share": ([*US, '{ id = "zero", kind = "limit", least = 0 }'], inputs([paid("P1", 5000)], [WORKER]), "700.00"),
    "2% more above 10,000": ([*US, '{ id = "zero", kind = "limit", least = 0 }'], inputs([paid("P1", 12_000)], [WORKER]), "1720.00"),
    "less 50 and 25": (
        [*US, '{ id = "zero", kind = "limit", least = 0 }'],
        inputs([paid("P1", 12_000)], [WORKER], complaints=[Complaint("1", "W1", "AG"), Complaint("2", "W1", "BBB")]), "1645.00",
    ),
    # 12% on payments made direct to the client, 14% on the others
    "client-direct at another rate": (
        ['{ id = "r", kind = "rate", table = [{ rate = "14%" }, { method = "direct", rate = "12%" }] }'],
        inputs([paid("P1", 1000), paid("P2", 1000, method="direct")]), "260.00",
    ),
    # 1,000 × agency 30% × collector 60% = 180; a client's own override
    "chained rates": ([FEES, '{ id = "r", kind = "rate", of = "fees", table = [{ rate = "60%" }] }'], inputs([paid("P1", 1000)]), "180.00"),
    "chained rates of another client": ([FEES, '{ id = "r", kind = "rate", of = "fees", table = [{ rate = "60%" }] }'], inputs([paid("P1", 1000, product="telecom")]), "120.00"),
    # points: past-due% + 90+% + deductions%, × 3; up to 10% of pay
    "points below 30": (BANDS, points(5, 3, 1), "900.00"),
    "points 30 to 36": (BANDS, points(6, 4, 0), "675.00"),
    "points 37 to 39": (BANDS, points(9, 4, 0), "450.00"),
    "points 40 to 42": (BANDS, points(10, 4, 0), "225.00"),
    "points 15% x 3 = 45": (BANDS, points(10, 4, 1), "0.00"),
    # China: 0.8% of 100,000; M6+ weighs 1.4; pool of 25% of fee income; composite 40/30/30
    "0.8% of 100,000": ([gross("0.8%")], inputs([paid("P1", 100_000)]), "800.00"),
    "M6+ weighs 1.4": (
        ['{ id = "w", kind = "weigh", as = "w", table = [{ weight = 1 }, { bucket = ["M6", "M7+"], weight = 1.4 }] }', '{ id = "r", kind = "rate", of = "w", table = [{ rate = "1%" }] }'],
        inputs([paid("P1", 1000, bucket="M7+"), paid("P2", 1000, bucket="M6"), paid("P3", 1000, bucket="M5")]), "38.00",
    ),
    "a pool of fee income": (
        [FEES.replace("30%", "15%"), '{ id = "pool", kind = "pool", amount = { times = "25%", of = "team.fees" }, share = "fees" }'],
        inputs([paid("P1", 75_000), paid("P2", 25_000, "W2")], [person(), person("W2")]), "2812.50",  # 15,000 of fees, 3,750 in the pool, three quarters of it
    ),
    "composite 40/30/30": (
        ['{ id = "goal", kind = "target", of = "cash", table = [{ amount = 8000 }] }', '{ id = "t", kind = "supplied", metric = "conduct", as = "conduct" }',
         '{ id = "s", kind = "sum", as = "score", terms = [{ times = 40, of = "attainment" }, { times = 0.3, of = "qa_score" }, { times = 0.3, of = "conduct" }] }',
         '{ id = "b", kind = "bands", on = "score", amount = 1000, missing = 0, bands = [{ at_least = 95, factor = 1 }, { at_least = 90, factor = 0.6 }, { factor = 0 }] }'],
        inputs([paid("P1", 8000)], [person(qa=90)], targets={("team:A", "conduct"): 80}), "600.00",  # 40 + 27 + 24 = 91
    ),
    # "10k → 10% = 1,000; 20k → 15% = 3,000": the whole amount at the tier reached
    "10k at 10%": (['{ id = "t", kind = "tiers", of = "cash", mode = "whole", levels = [{ from = 0, rate = 0 }, { from = 10000, rate = "10%" }, { from = 20000, rate = "15%" }] }'], inputs([paid("P1", 10_000)]), "1000.00"),
    "20k at 15%": (['{ id = "t", kind = "tiers", of = "cash", mode = "whole", levels = [{ from = 0, rate = 0 }, { from = 10000, rate = "10%" }, { from = 20000, rate = "15%" }] }'], inputs([paid("P1", 20_000)]), "3000.00"),
    # the tier by last month's figure, the base this month's
    "last month decides the tier": (
        ['{ id = "t", kind = "tiers", of = "cash", by = "previous.cash", mode = "whole", levels = [{ from = 0, rate = "2%" }, { from = 10000, rate = "5%" }, { from = 50000, rate = "10%" }] }'],
        inputs([paid("P1", 60_000)], remembered=Remembered(previous=(("W1", "cash", d(12_000)),))), "3000.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMES)
def test_a_published_scheme(name: str) -> None:
    steps, given, answer = SCHEMES[name]
    assert pay(plan(*steps), given) == d(answer)


def test_break_even_pays_26_per_cent_of_revenue() -> None:
    steps, given, _ = SCHEMES["break-even times salary"]
    made = statement(plan(*steps), given)
    assert [line.amount for line in made.lines if line.step == "commission"] == [d(1200)]
    assert made.amount / d(20_000) == d("0.26")


def trap(mode: str) -> str:
    return f'{{ id = "t", kind = "tiers", of = "cash", mode = "{mode}", levels = [{{ from = 0, rate = "0.5%" }}, {{ from = 200000, rate = "0.8%" }}, {{ from = 400000, rate = "1.2%" }}] }}'


@pytest.mark.parametrize(
    ("cash", "marginal", "whole"),
    [("199999", "1000.00", "1000.00"), ("200000", "1000.00", "1600.00"), ("399999", "2599.99", "3199.99"), ("400000", "2600.00", "4800.00")],
)
def test_the_tier_trap(cash: str, marginal: str, whole: str) -> None:
    given = inputs([paid("P1", cash)])
    assert (pay(plan(trap("marginal")), given), pay(plan(trap("whole")), given)) == (d(marginal), d(whole))


def test_whole_tiers_are_flagged_with_their_cliffs() -> None:
    assert cliffs(plan(trap("marginal"))) == []
    assert [(one.step, one.edge, one.jump) for one in cliffs(plan(trap("whole")))] == [("t", d(200_000), d(600)), ("t", d(400_000), d(1600))]
