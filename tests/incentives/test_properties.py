"""What holds of any plan and any month, tried on drawn ones."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.incentives import engine
from dashboard.incentives.inputs import Complaint, Earned, Inputs, Payments, Remembered
from dashboard.incentives.statement import Run
from tests.incentives.paying import MONTH, d, inputs, paid, person, plan

WEIGHTS = '{ id = "w", kind = "weigh", as = "credited", table = [{ weight = 1 }, { bucket = "M2", weight = "75%" }, { product = "loan", weight = 1.4 }, { bucket = "M2", product = "loan", weight = 1.1 }] }'
TARGET = '{ id = "goal", kind = "target", of = "credited", table = [{ amount = 30000 }] }'
TIERS = '{ id = "t", kind = "tiers", of = "credited", mode = "marginal", levels = [{ from = 0, rate = "0.5%" }, { from = 10000, rate = "0.8%" }, { from = 40000, rate = "1.2%" }] }'
FASTER = '{ id = "faster", kind = "accelerator", of = "attainment", levels = [{ from = "100%", factor = 1.2 }, { from = "150%", factor = 1.5 }] }'
GATE = '{ id = "q", kind = "gate", on = "qa_score", bands = [{ at_least = 85, factor = 1 }, { factor = 0.5 }], missing = 1 }'
CAP = '{ id = "cap", kind = "limit", most = 900 }'
POOL = '{ id = "pool", kind = "pool", amount = { times = "0.1%", of = "team.cash" }, share = "credited" }'
LESS = '{ id = "less", kind = "deduct", table = [{ amount = 40 }] }'
BACK = '{ id = "back", kind = "clawback" }'
HEAD = '[credit]\ntransfer_days = 10\ntransfer_share = "70%"\n[eligible]\ncutoff_days = 5\nrule = [{ method = "direct", share = "33.3333%", reason = "client_direct" }]'
PLAN = plan(WEIGHTS, TARGET, TIERS, FASTER, GATE, CAP, POOL, LESS, BACK, head=HEAD, ends="carry round")
PEOPLE = [person("W1", qa=90), person("W2", qa=80, team="B"), person("W3")]

amounts = st.integers(1, 5_000_000).map(lambda cents: Decimal(cents).scaleb(-2))


@st.composite
def payments(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 12))):
        identifier = f"P{number}"
        holder = draw(st.sampled_from(["W1", "W2", "W3", "house", "W9"]))
        amount = draw(amounts)
        more: dict[str, Any] = {
            "bucket": draw(st.sampled_from(["M1", "M2"])), "product": draw(st.sampled_from(["card", "loan"])),
            "method": draw(st.sampled_from(["", "direct"])), "team": {"W1": "A", "W2": "B", "W3": "A"}.get(holder, "house"),
        }  # fmt: skip
        if holder != "house" and draw(st.booleans()):
            more |= {"previous": "W1", "moved_day": "2026-03-05"}
        rows.append(paid(identifier, amount, holder, posted_day=draw(st.sampled_from(["2026-03-12", "2026-04-09"])), **more))
        if draw(st.integers(0, 3)) == 0:
            part = min(amount, draw(amounts))
            rows.append(paid(f"R{number}", -part, holder, reverses=identifier, origin_day="2026-03-10", paid_day="2026-03-20", **more))
    return rows


KNOWN = Remembered(earned=(Earned("P99", "W1", MONTH.replace(month=1), d(1), d("0.01"), d("0.012")),), carried=(("W3", d("-7.77")),))
BEFORE = paid("R99", "-777.77", reverses="P99", origin_day="2026-01-10")


def month(rows: list[dict[str, Any]]) -> Inputs:
    return inputs([*rows, BEFORE], PEOPLE, complaints=[Complaint("Q1", "W1")], remembered=KNOWN)


def money(run: Run) -> list[tuple[str, Decimal, Decimal]]:
    return [(one.collector, one.amount, one.carried) for one in run.statements]


drawn = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


@drawn
@given(payments(), st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    one = month(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    other = replace(inputs([BEFORE, *shuffled], PEOPLE[::-1], complaints=[Complaint("Q1", "W1")], remembered=KNOWN))
    assert engine.run(PLAN, one).to_json() == engine.run(PLAN, other).to_json() and one.hash == other.hash


@drawn
@given(payments())
def test_a_run_again_is_the_same_bytes(rows: list[dict[str, Any]]) -> None:
    made = engine.run(PLAN, month(rows))
    assert engine.run(PLAN, Inputs.from_json(month(rows).to_json())).to_json() == made.to_json()
    assert Run.from_json(made.to_json()) == made and Run.from_json(made.to_json()).result_hash == made.result_hash


@drawn
@given(payments())
def test_everything_adds_up(rows: list[dict[str, Any]]) -> None:
    made = engine.run(PLAN, month(rows))
    assert made.total == sum((one.amount for one in made.statements), d(0))
    assert all(tie.difference == 0 for tie in made.ties)
    net = sum((Decimal(row["cents"]).scaleb(-2) for row in [*rows, BEFORE]), d(0))
    assert sum((tie.net_cash for tie in made.ties), d(0)) == net
    credited = sum((group.cash for one in made.statements for group in one.credited), d(0))
    assert credited + sum((one.cash for one in made.uncredited), d(0)) == net
    for one in made.statements:
        total = d(0)
        for line in one.lines:
            total += line.amount
            assert abs(line.total - total) < d("1e-25")
            if line.rule == "sum":
                assert abs(line.amount - sum((part.amount for part in line.parts), d(0))) < d("1e-25"), line
        assert one.amount == one.lines[-1].total == one.amount.quantize(d("0.01")) and one.amount >= 0 >= one.carried


@drawn
@given(payments(), st.data())
def test_splitting_a_payment_in_two_changes_nothing(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    splittable = [at for at, row in enumerate(rows) if row["cents"] > 1]
    if not splittable:
        return
    at = data.draw(st.sampled_from(splittable))
    first = data.draw(st.integers(1, rows[at]["cents"] - 1))
    parts = [{**rows[at], "cents": first}, {**rows[at], "cents": rows[at]["cents"] - first, "payment_id": rows[at]["payment_id"] + "b"}]
    assert money(engine.run(PLAN, month(rows))) == money(engine.run(PLAN, month([*rows[:at], *parts, *rows[at + 1 :]])))


@drawn
@given(payments(), amounts, st.sampled_from(["M1", "M2"]), st.sampled_from(["W1", "W2", "W3"]))
def test_more_recovered_never_pays_less_under_marginal_tiers(rows: list[dict[str, Any]], more: Decimal, bucket: str, who: str) -> None:
    extra = paid("P77", more, who, bucket=bucket, team="B" if who == "W2" else "A")
    before, after = (engine.run(PLAN, month(some)).statement(who) for some in (rows, [*rows, extra]))
    assert before is not None and after is not None
    assert after.amount + after.carried >= before.amount + before.carried - d("0.005")  # one rounding apart at most


def test_whole_tiers_can_pay_less_for_more_only_where_a_later_rate_is_lower() -> None:
    falling = plan('{ id = "t", kind = "tiers", of = "cash", mode = "whole", levels = [{ from = 0, rate = "2%" }, { from = 100, rate = "1%" }] }')
    small, large = (engine.run(falling, inputs([paid("P1", cash)])).total for cash in ("99.99", "100.00"))
    assert (small, large) == (d("2.00"), d("1.00"))


def test_ids_may_come_in_any_order() -> None:
    rows = [paid("P2", 5), paid("P10", 7), paid("P1", 3)]
    assert Payments.of(rows).listed("payment_id") == ["P1", "P10", "P2"] and Payments.of(rows).listed("cents") == [300, 700, 500]
