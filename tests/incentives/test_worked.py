"""Worked by hand: the bank's statement line by line, each order of its gate, and published schemes with their own figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dashboard.incentives.inputs import Complaint, Earned, Remembered
from tests.incentives.paying import d, inputs, paid, pay, person, plan, statement

CREDITED = '{ id = "credited", kind = "weigh", as = "credited", table = [{ weight = 1 }, { bucket = "M2", weight = "75%" }] }'
RATES = '{ id = "rates", kind = "rate", of = "credited", table = [{ bucket = "M1", rate = "0.4%" }, { bucket = "M2", rate = "1.0%" }, { bucket = "M3", rate = "2.0%" }] }'
TARGET = '{ id = "goal", kind = "target", of = "credited", table = [{ amount = 300000 }] }'
FASTER = '{ id = "faster", kind = "accelerator", of = "attainment", levels = [{ from = "100%", factor = 1.2 }] }'
CAP = '{ id = "cap", kind = "limit", most = 6000 }'
TEAM = '{ id = "team", kind = "pool", amount = 300 }'
COMPLAINTS = '{ id = "complaints", kind = "deduct", table = [{ amount = 200 }] }'
CLAWBACK = '{ id = "clawback", kind = "clawback", at = "base" }'


def gate(half: int) -> str:
    return f'{{ id = "quality", kind = "gate", on = "qa_score", bands = [{{ at_least = {half}, factor = 1 }}, {{ factor = 0.5 }}], missing = 1 }}'


MARCH = inputs(
    [
        paid("P1", 200_000, bucket="M1"),
        paid("P2", 20_000, bucket="M1", product="loan"),
        paid("P3", 96_000, bucket="M2"),
        paid("P4", 41_000, bucket="M3"),
        paid("R1", -12_000, bucket="M2", reverses="P0", origin_day="2026-01-20"),
    ],
    [person(qa=88)],
    complaints=[Complaint("Q1", "W1")],
    remembered=Remembered(earned=(Earned("P0", "W1", date(2026, 1, 1), d(1), d("0.01"), d("0.012")),)),
)


def test_the_bank_statement_line_by_line() -> None:
    bank = plan(CREDITED, RATES, TARGET, FASTER, gate(85), CAP, TEAM, COMPLAINTS, CLAWBACK, ends="carry round")
    made = statement(bank, MARCH)
    assert [(line.step, round(line.amount, 6), round(line.total, 6)) for line in made.lines] == [
        ("cash", d(0), d(0)),
        ("credited", d(0), d(0)),
        ("rates", d(2420), d(2420)),
        ("goal", d(0), d(2420)),
        ("faster", d("47.963964"), d("2467.963964")),
        ("quality", d(0), d("2467.963964")),
        ("cap", d(0), d("2467.963964")),
        ("team", d(300), d("2767.963964")),
        ("complaints", d(-200), d("2567.963964")),
        ("clawback", d(-120), d("2447.963964")),
        ("carry", d(0), d("2447.963964")),
        ("round", d("-0.003964"), d("2447.96")),
    ]
    assert made.amount == d("2447.96") and made.quantity("credited") == d(333_000) and made.quantity("attainment") == d("1.11")
    rates = next(line for line in made.lines if line.step == "rates")
    assert [(dict(part.cut)["bucket"], part.base, part.factors, part.amount, part.ids) for part in rates.parts] == [
        ("M1", d(200_000), (d("0.004"),), d(800), ("P1",)),
        ("M1", d(20_000), (d("0.004"),), d(80), ("P2",)),
        ("M2", d(72_000), (d("0.01"),), d(720), ("P3",)),
        ("M3", d(41_000), (d("0.02"),), d(820), ("P4",)),
    ]


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ((gate(90), CAP, TEAM, COMPLAINTS, CLAWBACK), "1213.98"),  # the gate before the deductions
        ((CAP, TEAM, COMPLAINTS, CLAWBACK, gate(90)), "1223.98"),  # the gate after them
    ],
)
def test_the_order_of_the_gate_is_the_plans(steps: tuple[str, ...], answer: str) -> None:
    assert pay(plan(CREDITED, RATES, TARGET, FASTER, *steps, ends="carry round"), MARCH) == Decimal(answer)
