"""Contact and promise metrics by hand, and against an independent computation with pandas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dashboard.attribution import effect
from tests.conftest import Given

D = Decimal

CASES = """
    case_id | product | placed_on  | placed_balance | days_past_due | batch
    C1      | card    | 2026-01-10 | 1000           | 10            | A
    C2      | card    | 2026-01-20 | 2000           | 40            | A
    C3      | loan    | 2026-02-05 | 500            | 5             | B
    C4      | loan    | 2026-01-05 | 800            | -60           | B
"""
COLLECTORS = """
    collector_id | team  | agency
    W1           | north | Acme
    W2           | south |
"""
ASSIGNMENTS = """
    case_id | assigned_at         | collector_id
    C1      | 2026-01-10 09:00:00 | W1
    C2      | 2026-01-20 09:00:00 | W2
"""
#: Before February: nothing. February 2 is a Monday, the 7th a Saturday.
CONTACTS = """
    contact_id | case_id | started_at          | channel | direction | outcome        | party  | collector_id | duration_seconds | cost | number_id
    K1         | C1      | 2026-02-02 10:00:00 | phone   | outbound  | no_answer      |        | W1           | 0                | 0.10 | A
    K2         | C1      | 2026-02-03 10:00:00 | phone   | outbound  | conversation   | debtor | W1           | 90               | 0.30 | A
    K3         | C1      | 2026-02-03 11:00:00 | sms     | outbound  | delivered      |        |              |                  | 0.05 | A
    K4         | C1      | 2026-02-08 12:00:00 | sms     | outbound  | clicked        |        |              |                  | 0.05 | A
    K5         | C2      | 2026-02-02 09:00:00 | phone   | outbound  | not_in_service |        | W2           | 0                | 0.10 | B
    K6         | C2      | 2026-02-04 19:00:00 | bot     | outbound  | no_answer      |        |              | 0                | 0.06 | C
    K7         | C2      | 2026-02-10 09:00:00 | phone   | outbound  | voicemail      |        | W2           | 0                | 0.10 | C
    K8         | C3      | 2026-02-06 09:30:00 | bot     | outbound  | conversation   | debtor |              | 40               | 0.10 | D
    K9         | C3      | 2026-02-06 21:00:00 | bot     | outbound  | transferred    | debtor |              | 30               | 0.10 | D
    K10        | C3      | 2026-02-20 21:00:00 | bot     | outbound  | abandoned      |        |              | 10               | 0.10 | D
    K11        | C3      | 2026-02-20 20:00:00 | bot     | outbound  | conversation   | spouse |              | 60               |      | E
    K12        | C4      | 2026-02-07 10:00:00 | phone   | inbound   | conversation   | debtor | W2           | 200              |      |
    K13        | C4      | 2026-02-09 18:30:00 | phone   | inbound   | abandoned      |        | W2           | 5                |      |
    K14        | C1      | 2026-02-12 10:00:00 | email   | outbound  | opened         |        |              |                  | 0.01 |
    K15        | C1      | 2026-02-13 10:00:00 | email   | outbound  | opted_out      |        |              |                  | 0.01 |
    K16        | C2      | 2026-02-13 10:00:00 | sms     | outbound  | undelivered    |        |              |                  | 0.05 | C
    K17        | C4      | 2026-02-14 10:00:00 | letter  | outbound  | delivered      |        |              |                  | 6.50 |
    K18        | C1      | 2026-02-16 10:00:00 | social  | outbound  | conversation   | debtor | W1           |                  | 0.02 |
    K19        | C1      | 2026-03-01 10:00:00 | phone   | outbound  | answered       | debtor | W1           | 8                | 0.10 | A
"""
#: C1: R1 is kept in its grace. R2 is replaced by R3 while open; R3 is kept in part. C3: R4 and R5 of one talk, both of 100, against one
#: payment of 100 that keeps R4 only. C4: R6 is not due yet.
PROMISES = """
    promise_id | case_id | made_at             | due_on     | amount | contact_id | collector_id
    R1         | C1      | 2026-02-03 10:02:00 | 2026-02-05 | 100    | K2         | W1
    R2         | C1      | 2026-02-10 10:00:00 | 2026-02-20 | 200    |            | W1
    R3         | C1      | 2026-02-16 10:05:00 | 2026-02-20 | 200    | K18        | W1
    R4         | C3      | 2026-02-06 09:31:00 | 2026-02-12 | 100    | K8         |
    R5         | C3      | 2026-02-06 09:31:30 | 2026-02-14 | 100    | K8         |
    R6         | C4      | 2026-02-07 10:03:00 | 2026-02-27 | 800    | K12        | W2
    R7         | C2      | 2026-02-11 10:03:00 | 2026-02-15 | 50     |            | W2
"""
PAYMENTS = """
    payment_id | case_id | paid_on    | amount | reverses
    P0         | C1      | 2026-02-01 | 500    |
    P1         | C1      | 2026-02-08 | 100    |
    P2         | C1      | 2026-02-18 | 120    |
    P3         | C3      | 2026-02-10 | 100    |
    P4         | C2      | 2026-02-14 | 50     |
    P5         | C2      | 2026-02-28 | -50    | P4
"""
PLANS = """
    plan_id | case_id | agreed_on
    L1      | C4      | 2026-01-10
    L2      | C1      | 2026-01-15
"""
INSTALMENTS = """
    plan_id | number | due_on     | amount
    L1      | 1      | 2026-02-10 | 100
    L1      | 2      | 2026-02-16 | 100
    L2      | 1      | 2026-02-18 | 100
"""


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    return module_given(
        cases=CASES, collectors=COLLECTORS, assignments=ASSIGNMENTS, contacts=CONTACTS, promises=PROMISES, payments=PAYMENTS, plans=PLANS,
        instalments=INSTALMENTS, as_of="2026-03-01",
    )  # fmt: skip


#: February 2026. Open on the 1st: C1, C2, C4. C3 is placed on the 5th.
WORKED: dict[str, Any] = {
    "attempts": 16,  # K1–K18 but the two inbound
    "live_attempts": 10,  # K1 K2 K5 K6 K7 K8 K9 K10 K11 and K18
    "dialled_attempts": 9,  # without K18
    "connected_calls": 5,  # K2 K8 K9 K10 K11
    "contact_calls": 4,  # K10 lasted 10 seconds
    "connect_rate": 5 / 9,
    "contact_rate": 4 / 9,
    "right_parties": 4,  # K2 K8 K9 K18; K11 was the spouse, K12 called us
    "debtor_talks": 5,  # and K12
    "right_party_rate": 4 / 10,
    "messages_sent": 7,  # K3 K4 K14 K15 K16 K17 K18
    "messages_delivered": 6,  # not K16
    "delivery_rate": 6 / 7,
    "reached_attempts": 11,  # K2 K3 K4 K8 K9 K10 K11 K14 K15 K17 K18
    "reached_rate": 11 / 16,
    "inbound_contacts": 2,
    "openable_messages": 3,  # K14 K15 K18
    "messages_opened": 1,  # K14
    "open_rate": 1 / 3,
    "clickable_messages": 5,  # K3 K4 K14 K15 K18
    "messages_clicked": 1,  # K4
    "click_rate": 1 / 5,
    "opt_outs": 1,  # K15
    "opt_out_rate": 1 / 11,
    "number_attempts": 12,  # calls, bot and SMS: K1–K11 and K16
    "valid_number_attempts": 10,  # not K5, K16
    "number_valid_rate": 10 / 12,
    "tried_numbers": 5,  # A to E
    "working_numbers": 3,  # B is not in service, the last text to C was not delivered
    "working_number_rate": 3 / 5,
    "automated_attempts": 11,  # K3 K4 K6 K8 K9 K10 K11 K14 K15 K16 K17
    "automated_rate": 11 / 16,
    "early_attempts": 1,  # K17: C4 opened February 34 days before its due date
    "early_attempt_rate": 1 / 16,
    "after_hours_contacts": 2,  # K12 on a Saturday, K13 at 18:30
    "after_hours_answered": 1,
    "after_hours_answer_rate": 1 / 2,
    "hours_covered": 3,  # 9, 20 and 21 o'clock
    "contact_cost": D("7.65"),
    "costed_attempts": 15,
    "cost_per_attempt": 7.65 / 15,
    "cost_per_right_party": 7.65 / 4,
    "attempted_cases": 3,
    "stock_attempts": 12,
    "coverage_rate": 1.0,
    "intensity": 12 / 3,
    "live_attempted_cases": 2,
    "right_party_cases": 2,  # C1, and C4 who called
    "right_party_case_rate": 2 / 3,
    "lost_cases": 1,  # C2: three attempts on three days, nobody
    "lost_contact_rate": 1 / 2,
    "timely_cases": 1,  # C3, placed on the 5th, tried on the 6th
    "followed_placements": 1,
    "first_attempt_rate": 1.0,
    "promises_made": 7,
    "promised_amount": D("1550.00"),
    "repromises": 1,  # R3
    "repromise_rate": 1 / 7,
    "promise_rate": 7 / 5,
    "promises_made_kept": 2,  # R1 and R4
    "promise_paid_amount": D("320.00"),  # 100 on R1, 120 on R3, 100 on R4
    "matured_promises": 5,  # R1 R3 R4 R5 R7; R2 was replaced, R6 has its grace
    "kept_promises": 2,
    "partly_promises": 1,  # R3: 120 of 200
    "broken_promises": 2,  # R5 and, its payment reversed, R7
    "replaced_promises": 1,
    "promise_kept_rate": 2 / 5,
    "promise_partly_rate": 1 / 5,
    "promise_broken_rate": 2 / 5,
    "matured_promise_amount": D("550.00"),
    "matured_paid_amount": D("320.00"),
    "promise_kept_amount_rate": 320 / 550,
    "late_promises": 1,  # R1: due on the 5th, paid on the 8th; R4 was paid two days before its day
    "promise_late_rate": 1 / 2,
    "promise_slippage": 3,
    "unkept_promise_amount": D("350.00"),  # R3 200, R5 100, R7 50
    "promise_shortfall_amount": D("230.00"),  # 80 of R3, all of R5 and R7
    "promise_shortfall_rate": 230 / 350,
    "dues": 9,  # all promises but the replaced R2, and three instalments
    "dues_reminded": 2,  # L1-2 by the letter of the 14th, L2-1 by the talk of the 16th; K16 did not arrive
    "dues_reminded_automatically": 1,
    "reminder_rate": 2 / 9,
    "automated_reminder_rate": 1 / 9,
    "bot_sessions": 4,  # K8 K9 K10 K11
    "followed_bot_sessions": 4,
    "contained_bot_sessions": 2,  # K8 and K11; K9 was handed over, K10 hung up
    "containment_rate": 2 / 4,
    "handed_over_sessions": 1,
    "handover_rate": 1 / 4,
}


def test_every_metric_in_february(shop: Given) -> None:
    row = shop.rows(tuple(WORKED), start="2026-02-01", until="2026-02-28")[0]
    found = {name: row[name] for name in WORKED}
    assert {name: value for name, value in found.items() if value != pytest.approx(WORKED[name])} == {}


def test_what_came_before_a_placement_is_not_how_soon_it_was_tried(given: Callable[..., Given]) -> None:
    """C1 was called a month before it was placed, C2 the day before and on the day, C3 never."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | strategy
            C1      | 2026-02-10 | 1000           | calls
            C2      | 2026-02-10 | 1000           | calls
            C3      | 2026-02-10 | 1000           | none
        """,
        contacts="""
            case_id | started_at          | channel | direction | outcome      | party  | cost
            C1      | 2026-01-05 10:00:00 | phone   | outbound  | conversation | debtor | 2.00
            C1      | 2026-02-25 10:00:00 | sms     | outbound  | delivered    |        | 0.10
            C2      | 2026-02-09 10:00:00 | phone   | outbound  | no_answer    |        | 1.00
            C2      | 2026-02-10 10:00:00 | phone   | outbound  | no_answer    |        | 1.00
        """,
        as_of="2026-06-30",
    )
    first = shop.sql(
        "select case_id, first_attempt_on, first_right_party_on, first_attempt_days, channel_1, channel_2 "
        "from model.first_touches join model.cases using (case_key) order by case_id"
    )
    assert first == [
        ("C1", date(2026, 2, 25), None, 15, "sms", None),
        ("C2", date(2026, 2, 10), None, 0, "phone", None),
        ("C3", None, None, None, None, None),
    ]
    assert shop.rows("timely_cases")[0]["timely_cases"] == 1
    outcomes = shop.sql("select case_id, sent_30_count, cost_30_amount from model.case_outcomes join model.cases using (case_key) order by case_id")
    assert outcomes == [("C1", 1, D("0.10")), ("C2", 1, D("1.00")), ("C3", 0, D("0.00"))]
    whole = effect.Filters(start=date(2026, 1, 1), until=date(2026, 6, 30))
    sent = shop.warehouse.run("arm_channels", effect.split_parameters(whole, 30, None))
    assert [(row["arm"], row["channel"], row["attempts"]) for row in sent] == [("calls", "phone", 1), ("calls", "sms", 1), ("none", None, 0)]
    bands = {row["days_band"]: row["attempts"] for row in shop.rows("attempts", by="days_band")}
    assert bands == {"<0": 2, "0-1": 1, "15-30": 1}
    assert {row["bucket"]: row["attempts"] for row in shop.rows("attempts", by="bucket")} == {"new": 4}


def test_what_came_before_a_placement_is_of_a_new_case_everywhere(given: Callable[..., Given]) -> None:
    """As a creditor may have called before it placed the case: all its figures stand in the same bucket, none under those that left."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-02-01",
        contacts="case_id | started_at | channel | number_id\nC1 | 2026-01-20 10:00:00 | phone | N1",
        promises="case_id | made_at | due_on | amount\nC1 | 2026-01-20 10:00:00 | 2026-01-25 | 100",
        payments="case_id | paid_on | amount\nC1 | 2026-01-30 | 40",
        as_of="2026-02-28",
    )
    names = ("net_amount", "attempts", "tried_numbers", "promises_made", "matured_promises", "dues")
    rows = shop.rows(names, "bucket", start="2026-01-01", until="2026-01-31")
    assert [tuple(row[name] for name in ("bucket", *names)) for row in rows] == [("new", D("40.00"), 1, 1, 1, 1, 1)]


def test_a_call_of_fifteen_seconds_is_a_contact_and_one_handed_on_at_night_was_answered(given: Callable[..., Given]) -> None:
    """Wednesday 4 February 2026; office hours are 9 to 18: at 18:00 they are over, at 17:59 and 9:00 they are not."""
    shop = given(
        contacts="""
            started_at          | channel | direction | outcome     | duration_seconds
            2026-02-04 10:00:00 | phone   | outbound  | answered    | 15
            2026-02-04 11:00:00 | phone   | outbound  | answered    | 14
            2026-02-04 18:00:00 | phone   | inbound   | transferred | 60
            2026-02-04 17:59:59 | phone   | inbound   | no_answer   |
            2026-02-04 09:00:00 | phone   | inbound   | no_answer   |
            2026-02-04 08:59:59 | phone   | inbound   | no_answer   |
        """,
        as_of="2026-02-28",
    )
    names = ("contact_calls", "connected_calls", "contact_rate", "after_hours_contacts", "after_hours_answered", "after_hours_answer_rate")
    row = shop.rows(names)[0]
    assert tuple(row[name] for name in names) == (1, 2, 0.5, 2, 1, 0.5)


def test_out_of_contact_is_three_tries_on_two_days_and_nobody_there(given: Callable[..., Given]) -> None:
    """C1 is; C2 was tried on one day only, C3 twice, C4 called by itself. C5 wrote back by text message: a talk, but no attempt to be answered."""
    tries = {"C1": ("03", "03", "04"), "C2": ("03", "03", "03"), "C3": ("03", "04"), "C4": ("03", "04", "05")}
    rows = [f"{case} | 2026-02-{day} 10:00:00 | phone | outbound | no_answer |" for case, days in tries.items() for day in days]
    shop = given(
        cases="\n".join(["case_id | placed_on", *(f"C{n} | 2026-01-05" for n in range(1, 6))]),
        contacts="\n".join(
            [
                "case_id | started_at | channel | direction | outcome | party",
                *rows,
                "C4 | 2026-02-06 10:00:00 | phone | inbound | answered | debtor",
                "C5 | 2026-02-06 10:00:00 | sms | outbound | conversation | debtor",
            ]
        ),
        as_of="2026-02-28",
    )
    names = ("lost_cases", "live_attempted_cases", "lost_contact_rate", "right_parties", "debtor_talks", "live_attempts", "right_party_rate")
    for start, until in (("2026-02-01", "2026-02-28"), ("2026-02-02", "2026-02-27"), ("2026-01-06", "2026-02-28")):
        row = shop.rows(names, start=start, until=until)[0]
        assert tuple(row[name] for name in names) == (1, 4, 0.25, 0, 1, 11, 0.0), (start, until)


def test_a_session_of_no_case_is_not_followed(given: Callable[..., Given]) -> None:
    """Whether somebody had to talk to that borrower afterwards can't be known: it is neither contained nor not."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        contacts="""
            case_id | started_at          | channel | outcome      | collector_id
            C1      | 2026-02-03 10:00:00 | bot     | conversation |
                    | 2026-02-03 11:00:00 | bot     | conversation |
        """,
        as_of="2026-02-28",
    )
    row = shop.rows(("bot_sessions", "containment_rate"))[0]
    assert (row["bot_sessions"], row["containment_rate_part"], row["containment_rate_whole"]) == (2, 1, 1)
