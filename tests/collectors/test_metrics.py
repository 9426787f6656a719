"""A worked example for every metric of collectors' effort, quality and training, by hand from the tables drawn here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from statsmodels.stats.rates import confint_poisson

from dashboard import one_desk
from dashboard.access import Scope
from dashboard.metrics import UnknownName
from tests.conftest import Given

COLLECTORS = """
    collector_id | team | hired_on   | left_on
    W1           | A    | 2025-01-10 |
    W2           | A    | 2026-02-15 |
    W3           | B    | 2024-05-01 | 2026-02-14
    W4           | B    | 2026-03-02 |
"""
ATTENDANCE = """
    collector_id | worked_on  | productive_hours | talk_hours | leave
    W1           | 2026-02-02 | 6.00             | 3.00       |
    W1           | 2026-02-03 | 0.00             |            | sick
    W2           | 2026-02-16 | 4.00             |            |
    W3           | 2026-02-02 | 5.00             | 1.40       |
    W1           | 2026-03-02 | 7.00             | 3.50       |
"""
REVIEWS = """
    review_id | collector_id | reviewed_on | score | critical | sampling_weight
    R1        | W1           | 2026-02-05  | 90    | no       | 50
    R2        | W1           | 2026-02-06  | 60    | no       | 10
    R3        | W3           | 2026-02-07  | 80    | yes      | 40
    R4        | W1           | 2026-03-07  | 70    | no       | 50
"""
COMPLAINTS = """
    complaint_id | received_at         | case_id | collector_id | incident_on | category | upheld | resolved_at
    Q1           | 2026-03-03 09:00:00 | C1      | W1           | 2026-02-20  | conduct  | yes    | 2026-03-10 09:00:00
    Q2           | 2026-02-09 09:00:00 | C2      |              |             | conduct  | no     | 2026-02-20 09:00:00
    Q3           | 2026-02-10 09:00:00 | C3      |              |             | conduct  |        |
"""
TRAININGS = """
    collector_id | course | taken_on   | kind   | score | passed
    W1           | Law    | 2025-03-05 | law    | 80    | yes
    W1           | Law    | 2026-02-10 | law    | 65    | no
    W2           | System | 2026-02-17 | system | 75    | yes
    W2           | Talk   | 2026-02-18 | other  |       | yes
    W3           | Law    | 2025-02-01 | law    | 90    | yes
"""
CASES = """
    case_id | placed_on  | placed_balance | closed_on  | close_reason
    C1      | 2026-01-10 | 1000           |            |
    C2      | 2026-01-20 | 2000           | 2026-02-10 | paid
    C3      | 2026-01-05 | 500            |            |
"""
ASSIGNMENTS = """
    case_id | assigned_at         | collector_id | released_at
    C1      | 2026-01-10 09:00:00 | W1           |
    C2      | 2026-01-20 09:00:00 | W3           |
    C3      | 2026-02-08 09:00:00 | W3           | 2026-02-14 18:00:00
    C3      | 2026-02-15 09:00:00 | W2           |
"""
CONTACTS = """
    case_id | started_at          | channel | direction | outcome      | party  | collector_id | duration_seconds
    C1      | 2026-02-02 10:00:00 | phone   | outbound  | conversation | debtor | W1           | 120
    C1      | 2026-02-02 11:00:00 | phone   | outbound  | answered     |        | W1           | 20
    C1      | 2026-02-02 12:00:00 | phone   | outbound  | no_answer    |        | W1           |
    C2      | 2026-02-03 10:00:00 | phone   | outbound  | conversation | spouse | W3           | 60
    C3      | 2026-02-20 10:00:00 | bot     | outbound  | conversation | debtor |              | 30
    C3      | 2026-02-20 10:00:00 | sms     | outbound  | delivered    |        | W2           |
"""
D = Decimal

#: February 2026, 28 days. W1 is there all of it, W2 from the 15th (14 days), W3 to the 14th (14 days); W4 comes in March.
WORKED: dict[str, Any] = {
    "productive_hours": D("15.00"),
    "talk_hours": D("4.40"),
    "timed_hours": D("11.00"),
    "occupancy": 4.4 / 11,
    "attendance_days": 4,
    "leave_days": 1,
    "leave_rate": 1 / 4,
    "reviews_done": 3,
    "review_weight": D("100"),
    "review_score_weight": D(90 * 50 + 60 * 10 + 80 * 40),
    "qa_score": 83.0,
    "review_failed_weight": D("50"),  # R2 below 70, R3 critical
    "review_fail_rate": 0.5,
    "review_critical_weight": D("40"),
    "review_critical_rate": 0.4,
    "complaints": 3,  # Q1 by its incident, Q2 and Q3 by receipt
    "complaints_thousand": 3000,
    "collector_calls": 4,
    "calls_per_hour": 4 / 15,
    "collector_right_parties": 1,  # not the spouse, not the bot's
    "right_parties_per_hour": 1 / 15,
    "handled_calls": 3,
    "handled_seconds": 200,
    "handle_time": 200 / 3,
    "complaints_per_1000": 1000.0,  # three complaints, three cases open on the 1st and contacted
    "complaints_decided": 2,
    "complaints_upheld": 1,
    "upheld_rate": 0.5,
    "courses_taken": 3,
    "courses_passed": 2,
    "course_pass_rate": 2 / 3,
    "exam_scores": 2,
    "exam_points": D("140"),
    "exam_score": 70.0,
    "staff_end": 2,
    "staff_days": 28 + 14 + 14,
    "average_headcount": D("2"),
    "leavers": 1,
    "attrition_rate": 0.5,
    "trained_staff": 1,  # W1 passed on 5 March 2025: 358 days before the 28th; failing since changes nothing
    "training_valid_share": 0.5,
    "held_case_days": 28 + 10 + 7 + 14,  # C1 with W1; C2 with W3 until it was paid; C3 with W3, then W2
    "caseload": 59 / 56,
    "transferred_in_cases": 1,
    "transferred_in_amount": D("500.00"),
    "transferred_out_cases": 1,
    "transferred_out_amount": D("500.00"),
}


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    return module_given(
        cases=CASES, assignments=ASSIGNMENTS, collectors=COLLECTORS, attendance=ATTENDANCE, reviews=REVIEWS, complaints=COMPLAINTS,
        trainings=TRAININGS, contacts=CONTACTS, as_of="2026-03-31",
    )  # fmt: skip


def test_every_metric_in_february(shop: Given) -> None:
    row = shop.rows(tuple(WORKED), start="2026-02-01", until="2026-02-28")[0]
    for name, expected in WORKED.items():
        assert row[name] == (pytest.approx(expected, abs=1e-12) if isinstance(expected, float) else expected), name


def test_by_collector(shop: Given) -> None:
    """Each against their own; a complaint that names nobody is against who held the case that day, else the house."""
    names = ("productive_hours", "qa_score", "complaints", "caseload", "transferred_in_cases", "transferred_out_cases", "training_valid_share")
    rows = {row["collector"]: row for row in shop.rows(names, by="collector", start="2026-02-01", until="2026-02-28")}
    assert {name: row["productive_hours"] for name, row in rows.items()} == {"W1": D("6.00"), "W2": D("4.00"), "W3": D("5.00")}
    assert rows["W1"]["qa_score"] == pytest.approx(85.0) and rows["W2"]["qa_score"] is None
    assert {name: row["complaints"] for name, row in rows.items() if row["complaints"]} == {"W1": 1, "W3": 2}
    assert {name: row["caseload"] for name, row in rows.items()} == {"W1": 1.0, "W2": 1.0, "W3": pytest.approx(17 / 14)}
    assert (rows["W2"]["transferred_in_cases"], rows["W3"]["transferred_out_cases"]) == (1, 1)
    assert (rows["W1"]["training_valid_share"], rows["W2"]["training_valid_share"]) == (1.0, 0.0)


def test_days_held_by_month_are_those_by_case(shop: Given) -> None:
    """Months that have ended are added up beforehand; parts of months, the running one, and what only cases tell, go by case."""
    spans = (("2026-01-01", "2026-01-31"), ("2026-01-01", "2026-03-31"), ("2026-03-01", "2026-03-31"), ("2026-01-11", "2026-03-31"))
    found = [
        {row["collector"]: row["held_case_days"] for row in shop.rows("held_case_days", by="collector", start=start, until=until)}
        for start, until in spans
    ]
    assert found == [
        {"W1": 22, "W3": 12},
        {"W1": 22 + 28 + 31, "W2": 14 + 31, "W3": 12 + 10 + 7},
        {"W1": 31, "W2": 31},
        {"W1": 21 + 28 + 31, "W2": 14 + 31, "W3": 12 + 10 + 7},
    ]
    for start, until in spans:
        by_case = shop.rows("held_case_days", by="product", start=start, until=until)
        assert sum(row["held_case_days"] for row in by_case) == shop.value("held_case_days", start=start, until=until)


def test_pay_counts_the_days_that_pages_show(shop: Given) -> None:
    """A case that has left is nobody's caseload, whether or not anybody was told to release it."""
    people = shop.warehouse.run("pay_people", {"start": date(2026, 2, 1), "until": date(2026, 2, 28), "training_kinds": ["law"]})
    assert {row["id"]: row["case_days"] for row in people} == {"W1": 28, "W2": 14, "W3": 10 + 7, "W4": 0}
    assert {row["id"]: (row["worked_days"], row["leave_days"], row["hours"]) for row in people if row["hours"] is not None} == {
        "W1": (1, 1, D("6.00")), "W2": (1, 0, D("4.00")), "W3": (1, 0, D("5.00")),
    }  # fmt: skip


def test_handle_time_by_outcome_and_complaints_with_an_exact_interval(shop: Given) -> None:
    february = {"start": "2026-02-01", "until": "2026-02-28"}
    found = {row["outcome"]: row["handle_time"] for row in shop.rows("handle_time", by="outcome", **february) if row["handle_time"]}
    assert found == {"conversation": 90.0, "answered": 20.0}
    row = shop.rows("complaints_per_1000", **february)[0]
    low, high = confint_poisson(3, 3, method="exact-c")
    assert (row["complaints_per_1000_low"], row["complaints_per_1000_high"]) == (pytest.approx(1000 * low), pytest.approx(1000 * high))


def test_complaints_alone_are_cut_by_what_they_are_about(given: Callable[..., Given]) -> None:
    complaints = """
        complaint_id | received_at | category | severity | upheld
        Q1           | 2026-02-10  | tone     | high     | yes
        Q2           | 2026-02-11  | tone     |          |
        Q3           | 2026-02-12  | privacy  | low      | no
    """
    shop = given(complaints=complaints)
    rows = shop.rows(["complaints", "upheld_rate"], by="complaint_category")
    assert [(row["complaint_category"], row["complaints"], row["upheld_rate"]) for row in rows] == [("privacy", 1, 0.0), ("tone", 2, 1.0)]
    assert {row["complaint_severity"]: row["complaints"] for row in shop.rows("complaints", by="complaint_severity")} == {"high": 1, "low": 1, "": 1}


def test_complaints_on_a_case_placed_in_the_month_or_not_yet_are_in_no_bucket_but_new(given: Callable[..., Given]) -> None:
    """As contacts and cash of such a case are; of a case that had left, they say so."""
    shop = given(
        cases="case_id | placed_on | days_past_due | closed_on | close_reason\nC1 | 2026-02-05 | 10 | | \nC2 | 2026-01-05 | 10 | 2026-01-20 | paid",
        complaints="complaint_id | received_at | case_id\nQ1 | 2026-02-10 | C1\nQ2 | 2026-03-10 | C1\nQ3 | 2026-02-11 | C2\nQ4 | 2026-02-12 | \nQ5 | 2026-01-02 | C1",
        as_of="2026-03-31",
    )
    found = {row["bucket"]: row["complaints"] for row in shop.rows("complaints", by="bucket")}
    assert found == {"new": 2, "M2": 1, "left": 1, "": 1}


def test_years_add_up_to_the_whole(given: Callable[..., Given]) -> None:
    """What lies before the data's first month is in no figure, so neither in that of the year that the data begins in."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2025-11-10",
        collectors="collector_id | hired_on\nW1 | 2020-01-01",
        trainings="""
            collector_id | course | taken_on   | kind
            W1           | Law    | 2025-03-05 | law
            W1           | Law    | 2025-11-03 | law
            W1           | Law    | 2026-01-05 | law
        """,
        as_of="2026-02-28",
    )
    rows = shop.rows(("courses_taken", "staff_days"), by="year")
    assert [(row["year"].year, row["courses_taken"], row["staff_days"]) for row in rows] == [(2025, 1, 61), (2026, 1, 59)]
    assert (shop.value("courses_taken"), shop.value("staff_days")) == (2, 120)
    assert [row["year"].year for row in shop.rows("courses_taken", by="year", start="2010-01-01")] == [2025, 2026]


def test_a_desk_without_a_complaint_has_an_interval_too(given: Callable[..., Given]) -> None:
    """W2 was complained of by nobody; with one case contacted that says next to nothing."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01",
        collectors="collector_id | hired_on\nW1 | 2020-01-01\nW2 | 2020-01-01",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-01 | W1\nC2 | 2026-01-01 | W2",
        contacts="case_id | started_at | collector_id\nC1 | 2026-02-03 10:00:00 | W1\nC2 | 2026-02-03 10:00:00 | W2",
        complaints="complaint_id | received_at | case_id\nQ1 | 2026-02-10 10:00:00 | C1",
        as_of="2026-02-28",
    )
    rows = {row["collector"]: row for row in shop.rows("complaints_per_1000", by="collector", start="2026-02-01")}
    low, high = confint_poisson(0, 1, method="exact-c")
    assert (rows["W2"]["complaints_per_1000"], rows["W2"]["complaints_per_1000_part"]) == (0.0, 0)
    assert (rows["W2"]["complaints_per_1000_low"], rows["W2"]["complaints_per_1000_high"]) == (low, pytest.approx(1000 * high))


def test_a_year_later_training_has_lapsed(shop: Given) -> None:
    assert shop.value("training_valid_share", start="2026-03-01", until="2026-03-31") == 0.0
    rows = shop.rows("trained_staff", by="month", start="2026-01-01")
    assert [row["trained_staff"] for row in rows] == [2, 1, 0]  # W3's course of 1 February 2025 still holds at the end of January


def test_hours_are_not_cut_by_what_only_cases_have(shop: Given) -> None:
    with pytest.raises(UnknownName, match="can't be cut by product"):
        shop.rows("productive_hours", by="product")
    answer = shop.warehouse.measure(("productive_hours", "net_amount"), filters=shop.filters(product="card"))
    assert answer.rows[0]["productive_hours"] is None and answer.missing["productive_hours"] == ("attendance.product",)


def test_everybody_sees_only_their_own(shop: Given) -> None:
    own = Scope("collector", None, False, "W1")
    team = Scope("leader", ("B",), True, None)
    for scope, hours, days in ((own, D("6.00"), 28), (team, D("5.00"), 14)):
        row = shop.warehouse.measure(("productive_hours", "staff_days"), filters=shop.filters("2026-02-01", "2026-02-28"), scope=scope).rows[0]
        assert (row["productive_hours"], row["staff_days"]) == (hours, days)


def test_rows_behind_add_up(shop: Given) -> None:
    for name in ("productive_hours", "reviews_done", "complaints", "courses_taken", "staff_days", "held_case_days", "transferred_in_cases"):
        found = shop.warehouse.rows(name, filters=shop.filters("2026-02-01", "2026-02-28"))
        assert found.total == WORKED[name] and len(found.rows) == found.count, name


def test_the_running_month_counts_so_far(given: Callable[..., Given]) -> None:
    shop = given(cases=CASES, assignments=ASSIGNMENTS, collectors=COLLECTORS, as_of="2026-03-10")
    for until in ("2026-03-10", "2026-03-31"):
        march = {row["collector"]: row["held_case_days"] for row in shop.rows("held_case_days", by="collector", start="2026-03-01", until=until)}
        assert march == {"W1": 10, "W2": 10}, until
    assert shop.value("held_case_days", start="2026-02-01", until="2026-03-31") == 28 + 10 + 7 + 14 + 20
    people = shop.warehouse.run("pay_people", {"start": date(2026, 3, 1), "until": date(2026, 3, 31), "training_kinds": ["law"]})
    assert {row["id"]: row["case_days"] for row in people} == {"W1": 10, "W2": 10, "W3": 0, "W4": 0}


def test_months_that_have_ended_are_asked_of_the_smaller_table(given: Callable[..., Given]) -> None:
    """Thirty cases with one collector: what is kept by month answers what it holds, and not the month that runs."""
    ids = [f"C{number}" for number in range(30)]
    shop = given(
        cases="case_id | placed_on\n" + "\n".join(f"{one} | 2026-01-10" for one in ids),
        assignments="case_id | assigned_at | collector_id\n" + "\n".join(f"{one} | 2026-01-10 08:00:00 | W1" for one in ids),
        collectors="collector_id | team | hired_on\nW1 | A | 2020-01-01",
        as_of="2026-03-10",
    )
    assert shop.sql("select month, collector_id, held_days from model.held_months order by month") == [
        (date(2026, 1, 1), "W1", 30 * 22),
        (date(2026, 2, 1), "W1", 30 * 28),
    ]
    for start, until, days in (
        ("2026-01-01", "2026-02-28", 22 + 28),
        ("2026-02-01", "2026-02-28", 28),
        ("2026-03-01", "2026-03-31", 10),
        ("2026-01-01", "2026-03-31", 22 + 28 + 10),
        ("2026-02-03", "2026-02-28", 26),
    ):
        assert shop.value("held_case_days", start=start, until=until) == 30 * days, (start, until)
        assert shop.rows("held_case_days", by="product", start=start, until=until)[0]["held_case_days"] == 30 * days, (start, until)


def test_what_nobody_did_is_not_the_collectors(given: Callable[..., Given]) -> None:
    """Of four promises two are taken by nobody; the funnel compares with what all collectors did."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-10\nC2 | 2026-01-10",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-10 08:00:00 | W1\nC1 | 2026-02-20 08:00:00 | W2",
        collectors="collector_id | team | hired_on\nW1 | A | 2020-01-01\nW2 | A | 2020-01-01",
        promises="""
            promise_id | case_id | made_at             | due_on     | amount
            R1         | C1      | 2026-02-05 10:00:00 | 2026-02-07 | 10
            R2         | C1      | 2026-02-25 10:00:00 | 2026-02-27 | 10
            R3         | C2      | 2026-02-06 10:00:00 | 2026-02-08 | 10
            R4         | C2      | 2026-02-16 10:00:00 | 2026-02-18 | 10
        """,
        contacts="case_id | started_at | collector_id\nC1 | 2026-02-05 10:00:00 | W1",
        as_of="2026-03-31",
    )
    house, own = one_desk.funnels(shop.warehouse, shop.filters("2026-02-01", "2026-02-28"), "W1")
    assert (house["promises"], own["promises"]) == (2.0, 1.0)


def test_a_case_without_balances_is_handed_over_with_what_is_left_of_it(given: Callable[..., Given]) -> None:
    """C1 goes over with 1,000 − 900, paid before; what comes on the day itself and later is the new holder's. C2 with its last balance."""
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-10 | 1000\nC2 | 2026-01-10 | 800",
        balances="case_id | as_of | balance | days_past_due\nC2 | 2026-01-31 | 600 | 40",
        payments="case_id | paid_on | amount\nC1 | 2026-02-10 | 900\nC1 | 2026-02-20 | 40\nC2 | 2026-02-10 | 70",
        collectors="collector_id\nW1\nW2",
        assignments="""
            case_id | assigned_at | released_at | collector_id
            C1      | 2026-01-10  | 2026-02-20  | W1
            C1      | 2026-02-20  |             | W2
            C2      | 2026-01-10  | 2026-02-20  | W1
            C2      | 2026-02-20  |             | W2
        """,
        as_of="2026-03-31",
    )
    assert (shop.value("transferred_in_amount", collector="W2"), shop.value("transferred_out_amount", collector="W1")) == (D("700.00"), D("700.00"))


def test_a_last_day_and_a_course_count_to_the_day(given: Callable[..., Given]) -> None:
    """W1's last day is the month's: they left in it. W2 passed 364 days before its end, the last day that counts; W3 a day earlier."""
    shop = given(
        collectors="collector_id | hired_on | left_on\nW1 | 2024-01-01 | 2026-02-28\nW2 | 2024-01-01 |\nW3 | 2024-01-01 |",
        trainings="collector_id | course | taken_on | kind | passed\nW2 | Law | 2025-03-01 | law | yes\nW3 | Law | 2025-02-28 | law | yes",
        as_of="2026-02-28",
    )
    names = ("leavers", "staff_end", "average_headcount", "attrition_rate", "trained_staff", "training_valid_share")
    row = shop.rows(names, start="2026-02-01", until="2026-02-28")[0]
    assert tuple(row[name] for name in names) == (1, 2, 3, pytest.approx(1 / 3), 1, 0.5)
    until = {row["collector_id"]: row["valid_until"] for row in shop.warehouse.run("law_training", {"collector": None})}
    assert until == {"W2": date(2026, 2, 28), "W3": date(2026, 2, 27)}


def test_a_review_at_the_pass_mark_has_passed(given: Callable[..., Given]) -> None:
    """The mark is 70. A critical breach fails whatever the score; a review that stands for three contacts weighs three."""
    shop = given(
        collectors="collector_id\nW1",
        reviews="""
            collector_id | reviewed_on | score | critical | sampling_weight
            W1           | 2026-02-03  | 70    | no       | 3
            W1           | 2026-02-04  | 69.99 | no       | 1
            W1           | 2026-02-05  | 100   | yes      | 1
        """,
        as_of="2026-02-28",
    )
    row = shop.rows(("review_fail_rate", "review_critical_rate", "qa_score"))[0]
    assert (row["review_fail_rate"], row["review_critical_rate"]) == (0.4, 0.2)
    assert row["qa_score"] == pytest.approx((3 * 70 + 69.99 + 100) / 5)
