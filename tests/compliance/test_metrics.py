"""What a rule of contact covers, what breaks it and what can't be checked, on tables drawn here; complaints until they are closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Given

CASES = "case_id | customer_id | placed_on\nC1 | U1 | 2026-02-01\nC2 | U1 | 2026-02-01\nC3 | U2 | 2026-02-01"
MARCH = {"start": "2026-03-01", "until": "2026-03-31"}
COUNTS = ("contacts_checked", "contacts_unchecked", "contacts_breaking", "contacts_agreed")


def calls(*lines: str) -> str:
    """Contacts by phone unless they say otherwise: case, day and time in March, outcome, and more columns by name."""
    rows = []
    for number, line in enumerate(lines):
        case, at, outcome, *more = (part.strip() for part in line.split("|"))
        extra: dict[str, str] = dict(part.split("=") for part in more)
        names = ("channel", "direction", "party", "number_id", "collector_id", "consent_until")
        rows.append(" | ".join([f"K{number:02}", case, f"2026-{at}", outcome, *(extra.get(name, DEFAULT.get(name, "")) for name in names)]))
    return "\n".join(["contact_id | case_id | started_at | outcome | channel | direction | party | number_id | collector_id | consent_until", *rows])


DEFAULT = {"channel": "phone", "direction": "outbound"}
CONTACTS = calls(
    "C1 | 03-02 08:00:00 | conversation | party=debtor | number_id=a",  # K00 the first moment allowed in China
    "C1 | 03-02 07:59:59 | no_answer | number_id=a",  # K01 too early by a second
    "C1 | 03-02 21:59:59 | conversation | party=spouse | number_id=a | consent_until=2026-03-31 00:00:00",  # K02 the last moment, consent from now on
    "C2 | 03-02 22:00:00 | answered | party=guarantor | number_id=a",  # K03 too late, the debtor's consent is of their other case too
    "C3 | 03-02 22:00:00 | answered | party=unknown | number_id=b",  # K04 too late, no consent of U2
    "C3 | 03-03 00:00:00 | no_answer | number_id=b",  # K05 a day without a time of day
    "C3 | 03-04 10:00:00 | opted_out | channel=sms",  # K06 wants no more messages …
    "C3 | 03-04 11:00:00 | delivered | channel=sms",  # K07 … and gets one
    "C3 | 03-04 11:00:00 | delivered | channel=email",  # K08 by another channel
    "C3 | 03-04 23:00:00 | conversation | direction=inbound | party=debtor",  # K09 who calls us may do so at night
    "C3 | 03-05 10:00:00 | answered | party=related | number_id=b",  # K10
    " | 03-05 11:00:00 | delivered | channel=sms",  # K11 nobody's case
)
COMPLAINTS = """
    complaint_id | case_id | received_at         | category | severity | channel | upheld | resolved_at
    Q1           | C1      | 2026-03-02 10:00:00 | noise    | high     | phone   | true   | 2026-03-06 09:00:00
    Q2           | C1      | 2026-03-03 10:00:00 | noise    |          | sms     | false  | 2026-03-13 09:00:00
    Q3           | C3      | 2026-03-04 10:00:00 | leak     | high     |         |        |
    Q4           | C3      | 2026-03-30 10:00:00 | leak     |          | phone   |        | 2026-04-02 09:00:00
"""
#: China's hours cover the 11 contacts by us (K09 is none), opt-outs too, talks K00 and K02, unanswered attempts K01 and K05.
WORKED: dict[str, Any] = {
    "contacts_checked": 10 + 3 + 2 + 2,  # hours but K05, K07, K08 and K10 since U2 opted out
    "contacts_unchecked": 1,
    "contacts_breaking": 2 + 1,  # K01 and K04, and K07
    "contacts_agreed": 1,  # K03
    "contacts_breaking_thousand": 3000,
    "breaches_per_1000": 3000 / 17,
    "party_known_contacts": 4,  # K00, K02, K03, K10: of K04 it is not known who answered
    "third_party_contacts": 2,  # K02 and K10: a guarantor owes the debt too
    "third_party_rate": 0.5,
    "complaints_open": 2,  # Q4 is closed after the as-of day
    "complaints_closed": 2,
    "complaint_close_days": 7,  # between 4 and 10
}


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    return module_given(cases=CASES, contacts=CONTACTS, complaints=COMPLAINTS, as_of="2026-03-31")


def by_rule(shop: Given, *names: str, **where: Any) -> dict[str, dict[str, Any]]:
    rows = shop.rows(names or COUNTS, by="rule", **{**MARCH, **where})
    return {row["rule"]: {name: row[name] for name in names or COUNTS} for row in rows}


def breaking(shop: Given, rule: str, **where: Any) -> list[str]:
    """The contacts that break a rule, by the last digits of their line in the export (K00 is 00)."""
    found = shop.warehouse.rows("contacts_breaking", {"rule": rule}, filters=shop.filters(**{**MARCH, **where}))
    return [f"{row['source_line'] - 2:02}" for row in found.rows]


def test_every_metric_of_conduct(shop: Given) -> None:
    row = shop.rows(tuple(WORKED), **MARCH)[0]
    for name, expected in WORKED.items():
        assert row[name] == (pytest.approx(expected, abs=1e-12) if isinstance(expected, float) else expected), name


def test_hours_are_allowed_from_the_first_second_and_up_to_the_last(shop: Given) -> None:
    """08:00:00 and 21:59:59 are allowed, 07:59:59 and 22:00:00 are not; consent told earlier to the same debtor covers another case of theirs."""
    assert by_rule(shop)["cn_hours"] == {"contacts_checked": 10, "contacts_unchecked": 1, "contacts_breaking": 2, "contacts_agreed": 1}
    assert breaking(shop, "cn_hours") == ["01", "04"]
    assert [(row["check_reason"], row["contacts_unchecked"]) for row in shop.rows("contacts_unchecked", by=("check_reason",), **MARCH)] == [
        ("no_time", 1), (None, 0),
    ]  # fmt: skip


def test_who_opted_out_of_a_channel_is_not_contacted_by_it_again(shop: Given) -> None:
    assert by_rule(shop)["stop"] == {"contacts_checked": 3, "contacts_unchecked": 0, "contacts_breaking": 1, "contacts_agreed": 0}
    assert breaking(shop, "stop") == ["07"]


def test_a_row_behind_a_figure_says_which_rule_and_what_was_found(shop: Given) -> None:
    unchecked = shop.warehouse.rows("contacts_unchecked", {}, filters=shop.filters(**MARCH))
    assert [(row["rule"], row["verdict"], row["reason"], row["case_id"]) for row in unchecked.rows] == [
        ("cn_hours", "unchecked", "no_time", "C3"),
    ]  # fmt: skip
    by_verdict = shop.rows("contacts_checked", by="verdict", **MARCH)
    assert {row["verdict"]: row["contacts_checked"] for row in by_verdict} == {"agreed": 1, "beyond": 3, "unchecked": 0, "within": 13}


def test_a_figure_of_checks_is_its_rows(shop: Given) -> None:
    for name in COUNTS:
        found = shop.warehouse.rows(name, {}, filters=shop.filters(**MARCH))
        assert found.count == found.total == shop.rows(name, **MARCH)[0][name]
    parts = shop.rows(COUNTS, by=("rule", "channel"), **MARCH)
    assert {name: sum(row[name] or 0 for row in parts) for name in COUNTS} == {name: WORKED[name] for name in COUNTS}


def test_a_debtors_talks_add_up_over_cases_and_collectors(given: Callable[..., Given]) -> None:
    """U1 has four talks on one day, two on each case and by two teams: the fourth, W2's, breaks the rule, whoever looks. U2's three don't."""
    shop = given(
        cases=CASES,
        collectors="collector_id | team\nW1 | A\nW2 | B",
        contacts=calls(
            "C1 | 03-02 09:00:00 | conversation | collector_id=W1", "C2 | 03-02 10:00:00 | conversation | collector_id=W1",
            "C1 | 03-02 11:00:00 | conversation | collector_id=W2", "C2 | 03-02 12:00:00 | transferred | collector_id=W2",
            "C1 | 03-02 13:00:00 | conversation | direction=inbound | collector_id=W1",
            *(f"C3 | 03-02 {hour}:00:00 | conversation | collector_id=W1" for hour in ("09", "10", "11")),
        ),
        as_of="2026-03-31",
    )  # fmt: skip
    assert breaking(shop, "cn_conversations") == ["03"]
    assert breaking(shop, "cn_conversations", team="A") == [] and breaking(shop, "cn_conversations", team="B") == ["03"]
    assert by_rule(shop, "contacts_checked")["cn_conversations"] == {"contacts_checked": 7}


def test_unanswered_attempts_are_counted_by_number_and_day(given: Callable[..., Given]) -> None:
    """Seven on number a, the seventh breaks the rule; six on a and six on b don't; answered ones don't count; without a number none is checked."""
    shop = given(
        cases=CASES,
        contacts=calls(
            *(f"C1 | 03-02 {hour:02}:00:00 | no_answer | number_id=a" for hour in range(9, 16)),
            *(f"C1 | 03-03 {hour:02}:00:00 | busy | number_id={number}" for number in "ab" for hour in range(9, 15)),
            "C1 | 03-03 16:00:00 | answered | number_id=a", "C1 | 03-03 08:30:00 | no_answer | direction=inbound | number_id=a",
            *(f"C3 | 03-04 {hour:02}:00:00 | no_answer | party=related" for hour in range(9, 17)),
        ),
        as_of="2026-03-31",
    )  # fmt: skip
    assert breaking(shop, "cn_unanswered") == ["06"]
    assert by_rule(shop)["cn_unanswered"] == {"contacts_checked": 19, "contacts_unchecked": 8, "contacts_breaking": 1, "contacts_agreed": None}


def test_a_rule_holds_from_its_day_on(given: Callable[..., Given]) -> None:
    """China's limit of unanswered attempts is of 30 January 2026: eight on the 29th are not held against it, the last two of the 30th are."""
    shop = given(
        cases=CASES.replace("2026-02-01", "2026-01-05"),
        contacts=calls(*(f"C1 | 01-{day} {hour:02}:00:00 | no_answer | number_id=a" for day in (29, 30) for hour in range(9, 17))),
        as_of="2026-01-31",
    )
    january = {"start": "2026-01-01", "until": "2026-01-31"}
    assert by_rule(shop, "contacts_checked", "contacts_breaking", **january)["cn_unanswered"] == {"contacts_checked": 8, "contacts_breaking": 2}


AGENTS = "collector_id | team | agency\nW1 | A | Swift\nW2 | B | "
US: dict[str, Any] = {"settings": {"timezone": '"America/New_York"', "currency": '"USD"'}, "as_of": "2026-03-31", "collectors": AGENTS}


def test_after_a_conversation_no_call_for_seven_days(given: Callable[..., Given]) -> None:
    """The debtor called in on the 2nd. Later that day and up to the 8th a call breaks the rule; the 9th is the seventh day after: allowed.

    A busy line is no call, the conversation itself none after it, and a bank's own collector is not held against a rule for agencies.
    """
    days = ("02 15", "03 10", "04 10", "05 10", "06 10", "08 10", "09 10")
    shop = given(
        cases=CASES,
        contacts=calls(
            "C1 | 03-02 10:00:00 | conversation | direction=inbound | collector_id=W1",
            *(f"C1 | 03-{day}:00:00 | no_answer | collector_id=W1" for day in days),
            "C1 | 03-03 11:00:00 | busy | collector_id=W1", "C1 | 03-03 12:00:00 | no_answer | collector_id=W2",
            "C2 | 03-03 12:00:00 | no_answer | collector_id=W1", "C3 | 03-03 12:00:00 | conversation | collector_id=W1",
        ),
        **US,
    )  # fmt: skip
    assert breaking(shop, "us_gap") == ["01", "02", "03", "04", "05", "06"]
    assert breaking(shop, "us_gap", start="2026-03-08") == ["06"]  # the talk was before the period
    assert by_rule(shop, "contacts_checked")["us_gap"] == {"contacts_checked": 9}


def test_seven_calls_in_seven_days_of_one_debt(given: Callable[..., Given]) -> None:
    """Nine unanswered on C1 in seven days, two of them at work: the eighth and ninth. On C2 eight, one of them busy; on C3 seven in February and
    one on 1 March, of which the first is out of the seven days: none."""
    shop = given(
        cases=CASES,
        contacts=calls(
            *(f"C1 | 03-{day:02} 10:00:00 | no_answer | collector_id=W1 | number_id=cell" for day in range(2, 9)),
            *(f"C1 | 03-08 {hour}:00:00 | voicemail | collector_id=W1 | number_id=work" for hour in (11, 12)),
            *(f"C2 | 03-{day:02} 10:00:00 | {'busy' if day == 5 else 'no_answer'} | collector_id=W1" for day in range(2, 9)),
            "C2 | 03-08 11:00:00 | no_answer | collector_id=W1",
            *(f"C3 | 02-{day} 10:00:00 | no_answer | collector_id=W1" for day in range(22, 29)), "C3 | 03-01 10:00:00 | no_answer | collector_id=W1",
        ),
        **US,
    )  # fmt: skip
    assert breaking(shop, "us_calls") == ["07", "08"]
    assert breaking(shop, "us_calls", start="2026-02-01") == breaking(shop, "us_calls", start="2026-03-08") == ["07", "08"]


def test_the_consumers_clock_decides_and_an_unknown_one_is_not_checkable(given: Callable[..., Given]) -> None:
    """21:30 in New York is 18:30 in Los Angeles, and 08:30 there 05:30; the 8th of March is the day the clocks go forward: 22:00 and 19:00."""
    shop = given(
        customers="customer_id | timezone\nU1 | America/Los_Angeles\nU2 | Somewhere/Else\nU3 | America/New_York",
        cases=CASES + "\nC4 | U3 | 2026-02-01",
        contacts=calls(
            "C1 | 03-02 21:30:00 | no_answer | collector_id=W1", "C1 | 03-02 08:30:00 | no_answer | collector_id=W1",
            "C3 | 03-02 12:00:00 | no_answer | collector_id=W1", "C4 | 03-02 21:00:00 | no_answer | collector_id=W1",
            "C4 | 03-02 21:00:01 | delivered | channel=sms | collector_id=W1", "C1 | 03-08 22:00:00 | no_answer | collector_id=W1",
        ),
        **US,
    )  # fmt: skip
    assert breaking(shop, "us_hours") == ["01", "04"]
    assert by_rule(shop)["us_hours"] == {"contacts_checked": 5, "contacts_unchecked": 1, "contacts_breaking": 2, "contacts_agreed": None}


def test_where_no_agency_is_supplied_rules_for_agencies_are_not_checkable(given: Callable[..., Given]) -> None:
    shop = given(
        cases=CASES,
        contacts=calls("C1 | 03-02 23:00:00 | no_answer | collector_id=W1"),
        **{**US, "collectors": "collector_id | team\nW1 | A"},
    )
    assert by_rule(shop)["us_calls"] == {"contacts_checked": 0, "contacts_unchecked": 1, "contacts_breaking": 0, "contacts_agreed": None}
    assert {row["rule"]: row["breaches_per_1000"] for row in shop.rows("breaches_per_1000", by="rule", **MARCH)} == {
        "us_calls": None, "us_gap": None, "us_hours": None,
    }  # fmt: skip
    reasons = {row["check_reason"] for row in shop.rows("contacts_unchecked", by=("rule", "check_reason"), **MARCH) if row["contacts_unchecked"]}
    assert reasons == {"no_agency"}


def test_weekends_have_hours_of_their_own_and_a_window_of_two_days_rolls(given: Callable[..., Given]) -> None:
    """Greece: Friday 20:00:00 is allowed, Saturday noon is not; one call in two days: Wednesday's after Tuesday's breaks that, Friday's doesn't."""
    shop = given(
        cases=CASES,
        contacts=calls(
            "C1 | 03-06 20:00:00 | no_answer", "C1 | 03-07 12:00:00 | no_answer", "C3 | 03-10 10:00:00 | no_answer",
            "C3 | 03-11 10:00:00 | no_answer", "C3 | 03-13 10:00:00 | no_answer", "C3 | 03-13 08:59:59 | no_answer | channel=sms",
        ),
        settings={"timezone": '"Europe/Athens"', "currency": '"EUR"'},
        as_of="2026-03-31",
    )  # fmt: skip
    assert breaking(shop, "gr_hours") == ["01"] and breaking(shop, "gr_calls") == ["01", "03"]


def test_consent_ends_and_not_every_rule_allows_for_it(given: Callable[..., Given]) -> None:
    """Agreed until the 5th: what comes late on the 4th is agreed, on the 6th beyond the rule. Australia's hours, by the debtor's clock, know no
    consent, and begin at 9 on a Saturday, at 7:30 on a Monday."""
    told = "C1 | 03-02 10:00:00 | conversation | consent_until=2026-03-05 23:59:59"
    china = given(
        cases=CASES, contacts=calls(told, *(f"C1 | 03-{day} 22:30:00 | no_answer" for day in ("04", "06"))), as_of="2026-03-31"
    )  # fmt: skip
    assert by_rule(china, "contacts_agreed", "contacts_breaking")["cn_hours"] == {"contacts_agreed": 1, "contacts_breaking": 1}
    assert breaking(china, "cn_hours") == ["02"]
    sydney = given(
        customers="customer_id | timezone\nU1 | Australia/Sydney\nU2 | Australia/Sydney",
        cases=CASES,
        contacts=calls(
            told, "C1 | 03-04 22:30:00 | no_answer", "C1 | 03-07 08:30:00 | no_answer", "C1 | 03-09 08:30:00 | no_answer", "C1 | 03-07 09:00:00 | busy"
        ),
        settings={"timezone": '"Australia/Sydney"', "currency": '"AUD"'},
        as_of="2026-03-31",
    )  # fmt: skip
    assert breaking(sydney, "au_hours") == ["01", "02"] and by_rule(sydney, "contacts_agreed")["au_hours"] == {"contacts_agreed": 0}


def test_an_export_may_name_its_regimes_and_a_later_part_keeps_them(given: Callable[..., Given]) -> None:
    talk = calls("C1 | 03-02 23:00:00 | conversation")
    plain = given(cases=CASES, contacts=talk, settings={"timezone": '"Europe/Rome"'}, as_of="2026-03-30")
    assert set(by_rule(plain)) == set()  # nobody has opted out of anything
    named = given(cases=CASES, contacts=talk, settings={"timezone": '"Europe/Rome"', "regimes": '["uk", "in"]'}, as_of="2026-03-30")
    assert set(by_rule(named)) == {"uk_hours", "in_hours"}
    merged = given(home=named.home, contacts=talk.replace("K00", "K50"), settings={"timezone": '"Europe/Rome"'}, as_of="2026-03-31")
    assert by_rule(merged, "contacts_breaking")["uk_hours"] == {"contacts_breaking": 2}
    assert merged.warehouse.run("regimes") == [{"regime": name, "zone": "Europe/Rome", "named": True} for name in ("all", "in", "uk")]
    other = given(
        home=named.home, contacts=talk.replace("K00", "K50"), settings={"timezone": '"Europe/Rome"', "regimes": '["gr"]'}, as_of="2026-03-31"
    )
    assert set(by_rule(other)) == {"gr_hours", "gr_calls"} and other.warehouse.info.id != merged.warehouse.info.id


def test_a_month_without_complaints_has_none_and_one_before_the_first_is_unknown(given: Callable[..., Given]) -> None:
    """The first incident was in February, told of in March; April is quiet: none. Of January nobody knows. Nothing was decided in April."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        contacts="\n".join(["contact_id | case_id | started_at", *(f"K{month} | C1 | 2026-{month:02}-10 09:00:00" for month in range(1, 5))]),
        complaints="complaint_id | case_id | received_at | incident_on | upheld\nQ1 | C1 | 2026-03-01 10:00:00 | 2026-02-27 | yes",
        as_of="2026-04-30",
    )
    rows = shop.rows(("complaints", "complaints_upheld", "complaints_per_1000", "upheld_rate"), by="month", start="2026-01-01", until="2026-04-30")
    assert [(row["complaints"], row["complaints_upheld"], row["complaints_per_1000"], row["upheld_rate"]) for row in rows] == [
        (None, None, None, None), (1, 1, 1000.0, 1.0), (0, 0, 0.0, None), (0, 0, 0.0, None),
    ]  # fmt: skip
