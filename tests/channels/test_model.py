"""The model of contacts: its kinds cover the contract, roll-ups answer what rows answer, a month is a period like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from dashboard import model, relating
from dashboard.access import LOCAL, Scope
from dashboard.connection import connect
from dashboard.contract import contract
from dashboard.filters import Filters, month_end, presets
from dashboard.home import Home
from dashboard.metrics import metrics
from dashboard.relating import Tables
from dashboard.warehouse import Warehouse
from tests.channels.test_metrics import CASES, COLLECTORS, CONTACTS
from tests.conftest import Given

CONTACT = [name for name, entry in metrics().items() if entry.of == "contacts"]
REACH = [name for name, entry in metrics().items() if entry.of == "reach"]


@pytest.fixture(scope="module")
def warehouse(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


def test_every_code_of_the_contract_has_kinds(warehouse: Warehouse) -> None:
    con = connect(warehouse.info.path).cursor()
    for name in ("channel", "direction", "outcome"):
        found = {row[0] for row in con.execute(f"select distinct {name} from model.contact_kinds").fetchall()}
        assert found == set(contract().codes[name]), f"a new {name}: add it to queries/macros/contact.sql and 61_contact_kinds.sql"
    count, kinds = con.execute("select count(*), count(distinct kind) from model.contact_kinds").fetchone() or (0, 0)
    assert count == kinds
    assert con.execute("select (select count(*) from export.contacts) - (select count(*) from model.contacts)").fetchone() == (0,)


@pytest.mark.parametrize(
    "by",
    [
        (), ("channel",), ("bucket", "team"), ("product",), ("collector",), ("weekday", "hour"), ("days_band",), ("month",),
        ("product", "team", "bucket"), ("product", "region"), ("product", "hour", "automation"), ("product", "attempt_band", "days_band"),
    ],
)  # fmt: skip
def test_roll_ups_answer_what_the_rows_answer(warehouse: Warehouse, by: tuple[str, ...]) -> None:
    names = [*CONTACT, *(REACH if set(by) <= {"bucket", "team", "product", "month"} else ())]
    filters = Filters(warehouse.info.as_of.replace(month=8, day=1), warehouse.info.as_of)
    quick = warehouse.measure(names, by, filters=filters).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tables, "smallest", lambda self, base, *of_it: base)
        rows = warehouse.measure(names, by, filters=filters).rows
    assert quick == rows and len(quick) > 0


PROMISED = [name for name, entry in metrics().items() if entry.of in ("promises", "promises_due", "dues", "bot_sessions")]


@pytest.mark.parametrize("by", [(), ("month",), ("bucket", "team"), ("product",), ("month", "product", "team", "bucket"), ("region",)])
def test_roll_ups_of_what_contact_leads_to_answer_what_the_rows_answer(warehouse: Warehouse, by: tuple[str, ...]) -> None:
    filters = Filters(warehouse.info.as_of.replace(month=2, day=1), warehouse.info.as_of)
    asked: list[str] = []
    original = Tables.smallest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tables, "smallest", lambda self, *what: asked.append(original(self, *what)) or asked[-1])
        quick = warehouse.measure(PROMISED, by, filters=filters).rows
        patch.setattr(Tables, "smallest", lambda self, base, *of_it: base)
        rows = warehouse.measure(PROMISED, by, filters=filters).rows
    assert quick == rows and any(row["kept_promises"] for row in rows)
    made = {"promises_by_made", "promises_by_due", "dues_by_team", "bot_sessions_by_team"}
    assert made <= set(asked) if "region" not in by else not made & set(asked)


def test_a_promise_that_is_not_due_yet_is_left_out_of_a_month_still_running(given: Callable[..., Given]) -> None:
    """On the 12th A has been replaced by B, but neither day has come: the roll-up by months leaves them out as the rows do."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        promises="""
            promise_id | case_id | made_at             | due_on     | amount
            A          | C1      | 2026-02-01 10:00:00 | 2026-02-20 | 100
            B          | C1      | 2026-02-10 10:00:00 | 2026-02-25 | 100
        """,
        as_of="2026-02-12",
    )
    for start in ("2026-02-01", "2026-02-02"):
        assert shop.rows("replaced_promises", start=start, until="2026-02-12") == [{"replaced_promises": None}]


@pytest.mark.parametrize("by", [(), ("bucket",), ("team",)])
def test_a_month_is_a_period_like_any_other(warehouse: Warehouse, by: tuple[str, ...]) -> None:
    filters = Filters(warehouse.info.as_of.replace(month=9, day=1), warehouse.info.as_of.replace(month=9, day=30))
    quick = warehouse.measure(REACH, by, filters=filters).rows
    original = relating.relation_sql
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relating, "relation_sql", lambda name: original("reach_any_period" if name == "reach" else name))
        general = warehouse.measure(REACH, by, filters=filters).rows
    assert quick == general


@pytest.mark.parametrize("by", [(), ("bucket",), ("team",), ("quarter",)])
@pytest.mark.parametrize("last", [date(2026, 9, 30), None])
def test_several_months_are_a_period_like_any_other(warehouse: Warehouse, by: tuple[str, ...], last: date | None) -> None:
    filters = Filters(date(2026, 3, 1), last or warehouse.info.as_of)
    original, asked = relating.relation_sql, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relating, "relation_sql", lambda name: asked.append(name) or original(name))  # type: ignore[func-returns-value]
        quick = warehouse.measure(REACH, by, filters=filters).rows
        patch.setattr(relating, "relation_sql", lambda name: original("reach_any_period" if name.startswith("reach") else name))
        general = warehouse.measure(REACH, by, filters=filters).rows
    assert "reach_months" in asked and quick == general and len(quick) > 0


@pytest.mark.parametrize(("by", "kept"), [((), True), (("bucket",), True), (("team",), True), (("agency",), False), (("quarter",), False)])
@pytest.mark.parametrize("role", ["all", "leader"])
def test_the_periods_that_most_ask_for_are_kept(warehouse: Warehouse, by: tuple[str, ...], kept: bool, role: str) -> None:
    """The year so far and the last twelve months, by what their groups are kept by; they say what the cases by themselves do."""
    scope = LOCAL if role == "all" else Scope(role=role, teams=tuple(warehouse.values("team")[:2]))
    info, original, names = warehouse.info, relating.relation_sql, [*REACH, "intensity", "lost_contact_rate"]
    asked: list[str] = []
    spans = [(start, until) for start, until in presets(info.first_on, info.as_of).values() if start.day == 1 and until > month_end(start)]
    assert len(spans) > 1
    for start, until in spans:
        filters = Filters(start, until, where=(("bucket", ("M1", "M2")),))
        asked.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relating, "relation_sql", lambda name: asked.append(name) or original(name))  # type: ignore[func-returns-value]
            quick = warehouse.measure(names, by, filters=filters, scope=scope).rows
            assert ("reach_spans" in asked) == kept
            patch.setattr(Tables, "_spanned", lambda *_: False)
            assert quick == warehouse.measure(names, by, filters=filters, scope=scope).rows


def test_a_period_that_only_begins_like_one_that_is_kept_is_not_it(warehouse: Warehouse) -> None:
    info = warehouse.info
    start, until = max((span for span in presets(info.first_on, info.as_of).values() if span[0].day == 1), key=lambda span: span[1] - span[0])
    for last in (until.replace(day=1) - timedelta(days=1), month_end(start.replace(month=start.month + 1) if start.month < 12 else start)):
        filters = Filters(start, last)
        quick = warehouse.measure(REACH, ("team",), filters=filters).rows
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Tables, "_spanned", lambda *_: False)
            assert quick == warehouse.measure(REACH, ("team",), filters=filters).rows and quick


def test_contacts_of_no_case_count_in_every_roll_up(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on | product | region\nC1 | 2026-01-05 | Card | North", collectors="collector_id | team\nW1 | A",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 | W1",
        contacts="case_id | started_at | channel | direction | outcome\nC1 | 2026-01-10 10:00:00 | sms | outbound | delivered\n"
        "| 2026-01-11 11:00:00 | sms | outbound | delivered\n| 2026-01-12 12:00:00 | sms | outbound | delivered",
        as_of="2026-01-31",
    )  # fmt: skip
    tables = [name for name, entry in model.rollups().items() if entry["of"] == "contacts"]
    counts = " union all ".join(f"select '{name}', sum(attempt_count) from model.{name}" for name in tables)
    assert dict(connect(shop.warehouse.info.path).cursor().execute(counts).fetchall()) == dict.fromkeys(tables, 3)


def test_who_is_lost_is_looked_for_only_where_asked(warehouse: Warehouse) -> None:
    filters, asked = Filters(date(2026, 3, 1), date(2026, 9, 30)), []
    original = Warehouse._fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_fetch", lambda self, sql, values, name: asked.append(sql) or original(self, sql, values, name))  # type: ignore[func-returns-value]
        alone = warehouse.measure(["attempted_cases"], ("team",), filters=filters).rows
        both = warehouse.measure(["attempted_cases", "lost_cases"], ("team",), filters=filters).rows
    assert ["lost_count" in sql for sql in asked] == [False, True]
    assert alone == [{name: row[name] for name in ("team", "attempted_cases")} for row in both] and any(row["lost_cases"] for row in both)


@pytest.mark.parametrize(("by", "equal"), [("month", True), ("quarter", False)])
def test_a_month_of_a_roll_up_is_its_periods(warehouse: Warehouse, by: str, equal: bool) -> None:
    """Months are found by being equal; of longer periods by lying between two days. Either way the rows say the same."""
    filters, asked = Filters(warehouse.info.first_on, warehouse.info.as_of), []
    original = Warehouse._fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_fetch", lambda self, sql, values, name: asked.append(sql) or original(self, sql, values, name))  # type: ignore[func-returns-value]
        quick = warehouse.measure(["attempts", "net_amount"], (by,), filters=filters).rows
        assert [" = period.start_on" in sql for sql in asked] == [equal, equal]
        patch.setattr(Tables, "smallest", lambda self, base, *of_it: base)
        assert quick == warehouse.measure(["attempts", "net_amount"], (by,), filters=filters).rows
    assert len(quick) > 3 and all(row["attempts"] and row["net_amount"] for row in quick)


def test_the_first_months_days_before_the_data_change_nothing(warehouse: Warehouse) -> None:
    """The data's own first day and the first of its month are one beginning, which roll-ups answer; what else there is of that month counts too."""
    info = warehouse.info
    assert info.first_on.day > 1
    whole, cut = (Filters(start, info.as_of) for start in (info.first_on.replace(day=1), info.first_on))
    names = [*CONTACT, *REACH, "net_amount", "opening_amount", "recovery_rate"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "_since", lambda self, start: start)
        rows = warehouse.measure(names, filters=cut).rows
    assert warehouse.measure(names, filters=cut).rows == warehouse.measure(names, filters=whole).rows == rows
    total, by_month = (warehouse.measure(["talk_hours"], by, filters=cut).rows for by in ((), ("month",)))
    assert total[0]["talk_hours"] == sum(row["talk_hours"] for row in by_month)


def test_a_month_still_running_is_answered_as_far_as_the_data_goes(given: Callable[..., Given]) -> None:
    shop = given(cases=CASES, contacts=CONTACTS, collectors=COLLECTORS, as_of="2026-02-12")
    filters = shop.filters("2026-01-01", "2026-02-12")
    asked: list[str] = []
    original = relating.relation_sql
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relating, "relation_sql", lambda name: asked.append(name) or original(name))  # type: ignore[func-returns-value]
        quick = shop.warehouse.measure(REACH, ("month",), filters=filters).rows
        patch.setattr(relating, "relation_sql", lambda name: original("reach_any_period"))
        general = shop.warehouse.measure(REACH, ("month",), filters=filters).rows
    assert set(asked) == {"reach"} and quick == general
    assert quick[-1]["attempted_cases"] == 2 and quick[-1]["stock_attempts"] == 8  # C1: K1–K4, K14; C2: K5–K7


def test_whose_a_contact_is(given: Callable[..., Given]) -> None:
    """Its own collector's; a machine's belongs to the case's holder on the day, else to the house; without a case it is nobody's bucket."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        collectors="collector_id | team\nA | north\nB | south",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-10 | A",
        contacts="""
            contact_id | case_id | started_at          | collector_id
            K1         | C1      | 2026-01-09 10:00:00 |
            K2         | C1      | 2026-01-10 10:00:00 |
            K3         | C1      | 2026-01-11 10:00:00 | B
            K4         |         | 2026-01-11 10:00:00 | B
            K5         |         | 2026-01-11 10:00:00 |
        """,
        as_of="2026-02-28",
    )
    rows = shop.sql("select team, collector_id, bucket, attempt_number from model.contacts order by source_line")
    assert rows == [
        ("house", "house", "new", 1), ("north", "A", "new", 2), ("south", "B", "new", 3), ("south", "B", "", None), ("house", "house", "", None),
    ]  # fmt: skip
    teams = {row["team"]: row["attempts"] for row in shop.rows("attempts", by="team")}
    assert teams == {"house": 2, "north": 1, "south": 2} and sum(teams.values()) == shop.value("attempts")
    scope = Scope(role="leader", teams=("south",))
    assert shop.warehouse.measure(["attempts"], filters=shop.filters(), scope=scope).rows[0]["attempts"] == 2


def test_letters_alone_say_what_they_can(given: Callable[..., Given]) -> None:
    shop = given(contacts="contact_id | started_at | channel | outcome\nK1 | 2026-01-09 10:00:00 | letter | delivered", as_of="2026-01-31")
    answer = shop.warehouse.measure(["attempts", "delivery_rate", "right_party_rate", "coverage_rate"], filters=shop.filters())
    assert answer.rows[0]["attempts"] == 1 and answer.rows[0]["delivery_rate"] == 1.0
    assert answer.missing == {"right_party_rate": ("contacts.party",), "coverage_rate": ("cases",)} or set(answer.missing) == {
        "right_party_rate",
        "coverage_rate",
    }
