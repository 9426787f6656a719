"""Pay for 2,000 collectors over twelve months, in the engine alone: one row of the benchmark."""

from __future__ import annotations

import random
import time
from datetime import date
from decimal import Decimal

from dashboard.incentives import engine
from dashboard.incentives.inputs import Collector, Complaint, Inputs, Payments, Supply
from dashboard.incentives.planfile import PLANS, Plans

COLLECTORS, MONTHS, EACH = 2000, 12, 40


def months() -> list[Inputs]:
    """Twelve months of inputs: forty payments a collector and month, twenty collectors a team."""
    draw = random.Random(1)
    found = []
    for number in range(1, MONTHS + 1):
        month = date(2026, number, 1)
        day = month.toordinal()
        rows = [
            {
                "payment_id": f"P{number:02}{who:04}{k:03}", "cents": draw.randint(1_000, 500_000), "holder": f"W{who:04}", "team": f"T{who // 20}",
                "bucket": f"M{(who // 20 + draw.randint(0, 1)) % 6 + 1}", "product": draw.choice(("card", "loan", "auto")), "paid_day": day + k % 28,
                "posted_day": day + k % 28 + 1, "origin_day": day + k % 28,
            }
            for who in range(COLLECTORS)
            for k in range(EACH)
        ]  # fmt: skip
        people = tuple(
            Collector(f"W{who:04}", f"T{who // 20}", "senior", "", date(2020, 1, 1), None, 20, 1, Decimal(150), 6000, Decimal(170), Decimal(2), 2, 0, month)
            for who in range(COLLECTORS)
        )  # fmt: skip
        supplied = tuple(Supply(f"collector:W{who:04}", "net_amount", Decimal(90_000)) for who in range(COLLECTORS))
        complaints = tuple(Complaint(f"Q{number}{who}", f"W{who:04}") for who in range(0, COLLECTORS, 50))
        found.append(Inputs(month, "bench", "s", month, "CNY", Payments.of(rows), people, complaints, supplied))
    return found


def measured() -> tuple[float, int, int]:
    """Seconds of the engine for all months, statements, payments."""
    plan, given = Plans(PLANS).at("bank", date(2026, 1, 1)), months()
    start = time.perf_counter()
    statements = sum(len(engine.run(plan, one).statements) for one in given)
    return time.perf_counter() - start, statements, sum(len(one.payments) for one in given)
