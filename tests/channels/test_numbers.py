"""Numbers that work, each counted once: by hand, and the sample's against pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given

NAMES = ("tried_numbers", "working_numbers", "working_number_rate", "number_valid_rate")
CASES = """
    case_id | product | placed_on  | days_past_due
    C1      | card    | 2026-01-10 | 10
    C2      | loan    | 2026-02-10 | 40
"""
ASSIGNMENTS = "case_id | assigned_at | collector_id\nC2 | 2026-02-10 09:00:00 | W2"
COLLECTORS = "collector_id | team | agency\nW1 | north | Acme\nW2 | south |"
#: In February: N1 was dead and works again; N2 died; N3 reached somebody unrelated, and rings since; N4 once did, then found the debtor;
#: N5 never answers; N6 gets texts only, the last undelivered, by a machine for the holder of C2. N7 called us, N8 was tried in March.
CONTACTS = """
    contact_id | case_id | started_at          | channel | direction | outcome        | party     | collector_id | number_id
    K1         | C1      | 2026-02-02 10:00:00 | phone   | outbound  | not_in_service |           | W1           | N1
    K2         | C1      | 2026-02-03 10:00:00 | phone   | outbound  | no_answer      |           | W1           | N1
    K3         | C1      | 2026-02-02 11:00:00 | phone   | outbound  | no_answer      |           | W1           | N2
    K4         | C1      | 2026-02-04 11:00:00 | sms     | outbound  | undelivered    |           |              | N2
    K5         | C1      | 2026-02-05 10:00:00 | phone   | outbound  | conversation   | unrelated | W1           | N3
    K6         | C1      | 2026-02-06 10:00:00 | phone   | outbound  | no_answer      |           | W1           | N3
    K7         | C2      | 2026-02-12 10:00:00 | phone   | outbound  | conversation   | unrelated | W2           | N4
    K8         | C2      | 2026-02-13 10:00:00 | bot     | outbound  | conversation   | debtor    |              | N4
    K9         | C2      | 2026-02-14 10:00:00 | phone   | outbound  | voicemail      |           | W1           | N5
    K10        | C2      | 2026-02-15 10:00:00 | sms     | outbound  | delivered      |           |              | N6
    K11        | C2      | 2026-02-16 10:00:00 | sms     | outbound  | undelivered    |           |              | N6
    K12        | C2      | 2026-02-17 10:00:00 | phone   | inbound   | conversation   | debtor    | W2           | N7
    K13        | C2      | 2026-03-01 10:00:00 | phone   | outbound  | no_answer      |           | W2           | N8
    K14        | C2      | 2026-02-18 10:00:00 | phone   | outbound  | no_answer      |           | W2           |
"""


def shop_of(given: Callable[..., Given], contacts: str = CONTACTS) -> Given:
    return given(cases=CASES, assignments=ASSIGNMENTS, collectors=COLLECTORS, contacts=contacts, as_of="2026-03-31")


def test_each_number_once(given: Callable[..., Given]) -> None:
    shop = shop_of(given)
    row = shop.rows(NAMES, start="2026-02-01", until="2026-02-28")[0]
    assert (row["tried_numbers"], row["working_numbers"]) == (6, 3)  # N1 N4 N5
    assert row["working_number_rate"] == 3 / 6
    assert row["number_valid_rate"] == 9 / 12  # attempts: not K1, K4, K11
    assert shop.rows(NAMES, start="2026-03-01", until="2026-03-31")[0]["tried_numbers"] == 1
    assert shop.rows(NAMES, start="2026-02-05", until="2026-02-05")[0]["working_numbers"] == 0  # N3 alone


def test_a_number_belongs_where_its_last_attempt_does(given: Callable[..., Given]) -> None:
    shop = shop_of(given)

    def cut(by: str) -> dict[str, tuple[int, int]]:
        rows = shop.rows(NAMES, (by,), start="2026-02-01", until="2026-02-28")
        return {row[by]: (row["tried_numbers"], row["working_numbers"]) for row in rows if row["tried_numbers"]}

    assert cut("channel") == {"phone": (3, 2), "sms": (2, 0), "bot": (1, 1)}
    assert cut("team") == {"north": (3, 2), "south": (2, 1), "house": (1, 0)}  # K4 is nobody's: C1 has no holder
    assert cut("bucket") == {"M2": (3, 1), "new": (3, 2)}
    assert cut("product") == {"card": (3, 1), "loan": (3, 2)}


def test_without_numbers_it_says_what_is_lacking(given: Callable[..., Given]) -> None:
    shop = given(contacts="case_id | started_at | channel | outcome\nC1 | 2026-02-02 10:00:00 | phone | not_in_service", as_of="2026-02-28")
    answer = shop.warehouse.measure(NAMES, filters=shop.filters())
    assert answer.missing == dict.fromkeys(NAMES[:3], ("contacts.number_id",))
    assert answer.rows[0]["number_valid_rate"] == 0 and answer.rows[0]["working_number_rate"] is None


def test_the_sample_against_pandas(sample: Path, loaded_home: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    as_of = warehouse.info.as_of
    table = pd.read_csv(sample / "contacts.csv", dtype=str, parse_dates=["started_at"])
    chosen = table["channel"].isin(["phone", "bot", "sms"]) & (table["direction"] == "outbound") & table["number_id"].notna()
    month = table[chosen & (table["started_at"].dt.to_period("M") == pd.Period(as_of, "M"))].sort_values(["started_at", "contact_id"])
    last = month.groupby("number_id").tail(1).set_index("number_id")
    talks = month[month["outcome"].isin(["conversation", "transferred"])].groupby("number_id")["party"].apply(lambda values: values.iloc[-1])
    wrong = set(talks[talks == "unrelated"].index)
    works = ~last["outcome"].isin(["not_in_service", "undelivered"]) & ~last.index.isin(wrong)
    row = warehouse.measure(NAMES, filters=Filters(as_of.replace(day=1), as_of)).rows[0]
    assert (row["tried_numbers"], row["working_numbers"]) == (len(last), int(works.sum())) and len(last) > 100
    parts = warehouse.measure(NAMES, ("channel",), filters=Filters(as_of.replace(day=1), as_of)).rows
    assert {one["channel"]: one["tried_numbers"] for one in parts if one["tried_numbers"]} == last["channel"].value_counts().to_dict()


def test_whose_a_number_is_agrees_with_all_contacts(loaded_home: Path) -> None:
    """Every number of the sample: team, collector, bucket and case of its last attempt are those that the contact has among all contacts."""
    warehouse = Warehouse(Home(loaded_home).info())
    filters = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of)
    numbers = warehouse.rows("tried_numbers", filters=filters).rows
    contacts = {(row["file"], row["source_line"]): row for row in warehouse.rows("attempts", filters=filters).rows}
    shared = ("case_id", "team", "collector_id", "bucket", "product", "region", "batch", "channel", "outcome", "automation", "started_at")
    assert len(numbers) > 100
    for row in numbers:
        contact = contacts[row["file"], row["source_line"]]
        assert {name: row[name] for name in shared} == {name: contact[name] for name in shared}
