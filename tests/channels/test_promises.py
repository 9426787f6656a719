"""When a promise is kept: hand-worked cases of overlapping, replaced and reversed promises, and the sample against a day-by-day ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from dashboard.channels import sentences
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given

D = Decimal


def told(shop: Given) -> dict[str, tuple[str, Decimal]]:
    """Each promise's state and the cash paid on it."""
    return {name: (state, paid) for name, state, paid in shop.sql("select promise_id, promise_state, paid_amount from model.promises")}


def drawn(given: Callable[..., Given], promises: str, payments: str, as_of: str = "2026-03-31") -> Given:
    return given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 10000", promises=promises, payments=payments, as_of=as_of)


def test_two_promises_of_one_talk_and_one_payment(given: Callable[..., Given]) -> None:
    """150 against two promises of 100: the one due first takes its 100, the other is left with 50."""
    shop = drawn(
        given,
        """
        promise_id | case_id | made_at             | due_on     | amount
        LATE       | C1      | 2026-01-10 10:00:00 | 2026-01-20 | 100
        SOON       | C1      | 2026-01-10 10:00:00 | 2026-01-15 | 100
        """,
        "case_id | paid_on | amount\nC1 | 2026-01-14 | 150",
    )
    assert told(shop) == {"SOON": ("kept", D("100.00")), "LATE": ("partly", D("50.00"))}
    assert shop.value("promise_kept_rate") == 0.5 and shop.value("promise_kept_amount_rate") == 0.75


def test_a_payment_in_the_grace_of_one_and_the_window_of_the_next_keeps_one(given: Callable[..., Given]) -> None:
    """A falls due on the 10th with grace to the 13th; B is made on the 11th. The 100 of the 12th keep A, the oldest; B gets what comes after."""
    shop = drawn(
        given,
        """
        promise_id | case_id | made_at             | due_on     | amount
        A          | C1      | 2026-01-05 10:00:00 | 2026-01-10 | 100
        B          | C1      | 2026-01-11 10:00:00 | 2026-01-20 | 100
        """,
        "case_id | paid_on | amount\nC1 | 2026-01-12 | 100\nC1 | 2026-01-18 | 30",
    )
    assert told(shop) == {"A": ("kept", D("100.00")), "B": ("partly", D("30.00"))}
    assert shop.value("promise_paid_amount") == D("130.00")  # each cent on one promise


def test_three_in_a_chain_share_the_cash_in_order(given: Callable[..., Given]) -> None:
    shop = drawn(
        given,
        """
        promise_id | case_id | made_at             | due_on     | amount
        A          | C1      | 2026-01-05 10:00:00 | 2026-01-10 | 100
        B          | C1      | 2026-01-11 10:00:00 | 2026-01-13 | 100
        C          | C1      | 2026-01-14 10:00:00 | 2026-01-20 | 100
        """,
        "case_id | paid_on | amount\nC1 | 2026-01-12 | 150\nC1 | 2026-01-16 | 120",
    )
    # the 150: A takes 100, B 50; the 120 of the 16th: B's window (grace to the 16th) takes its missing 50, C 70
    assert told(shop) == {"A": ("kept", D("100.00")), "B": ("kept", D("100.00")), "C": ("partly", D("70.00"))}


def test_a_promise_replaced_while_open_counts_once(given: Callable[..., Given]) -> None:
    shop = drawn(
        given,
        """
        promise_id | case_id | made_at             | due_on     | amount
        OLD        | C1      | 2026-01-05 10:00:00 | 2026-01-20 | 100
        NEW        | C1      | 2026-01-12 10:00:00 | 2026-01-25 | 100
        """,
        "case_id | paid_on | amount\nC1 | 2026-01-24 | 100",
    )
    assert told(shop) == {"OLD": ("renegotiated", D("0.00")), "NEW": ("kept", D("100.00"))}
    row = shop.rows(("matured_promises", "kept_promises", "replaced_promises", "promises_made", "repromises"))[0]
    assert (row["matured_promises"], row["kept_promises"], row["replaced_promises"]) == (1, 1, 1)
    assert (row["promises_made"], row["repromises"]) == (2, 1)


def test_a_promise_kept_early_is_not_replaced_by_the_next(given: Callable[..., Given]) -> None:
    shop = drawn(
        given,
        """
        promise_id | case_id | made_at             | due_on     | amount
        FIRST      | C1      | 2026-01-01 10:00:00 | 2026-01-31 | 100
        NEXT       | C1      | 2026-01-10 10:00:00 | 2026-01-12 | 50
        """,
        "case_id | paid_on | amount\nC1 | 2026-01-05 | 100\nC1 | 2026-01-11 | 50",
    )
    assert told(shop) == {"FIRST": ("kept", D("100.00")), "NEXT": ("kept", D("50.00"))}


def test_the_window_runs_from_the_day_it_was_made_to_due_and_grace(given: Callable[..., Given]) -> None:
    """Made on the 10th, due on the 15th: cash of the 10th to the 18th keeps it. The one due on the 29th is judged on the 1st of February."""
    days = {
        "A": ("2026-01-09", "broken"),
        "B": ("2026-01-10", "kept"),
        "C": ("2026-01-15", "kept"),
        "D": ("2026-01-18", "kept"),
        "E": ("2026-01-19", "broken"),
    }
    ids = [*days, "F", "G"]
    shop = given(
        cases="\n".join(["case_id | placed_on | placed_balance", *(f"{name} | 2026-01-01 | 1000" for name in ids)]),
        promises="\n".join(
            [
                "promise_id | case_id | made_at | due_on | amount",
                *(f"{name} | {name} | 2026-01-10 10:00:00 | 2026-01-15 | 100" for name in days),
                "F | F | 2026-01-10 10:00:00 | 2026-01-28 | 100",
                "G | G | 2026-01-10 10:00:00 | 2026-01-29 | 100",
            ]
        ),
        payments="\n".join(["case_id | paid_on | amount", *(f"{name} | {day} | 100" for name, (day, _) in days.items())]),
        as_of="2026-01-31",
    )
    assert {name: state for name, (state, _) in told(shop).items()} == {
        **{name: state for name, (_, state) in days.items()},
        "F": "broken",
        "G": "undue",
    }


def test_how_late_and_how_short(given: Callable[..., Given]) -> None:
    """Due on the 15th with three days of grace: A in two parts, the second on the 18th; B on the 16th; C on the day; D reversed, then paid again.

    E takes what A, due before it on the same case, leaves of the 17th's cash: enough on the 18th. F is short by 60, G by all of its 40.
    """
    ids = "ABCDFG"
    shop = given(
        cases="\n".join(["case_id | placed_on | placed_balance", *(f"{name} | 2026-01-01 | 1000" for name in ids)]),
        promises="""
            promise_id | case_id | made_at             | due_on     | amount
            A          | A       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            E          | A       | 2026-01-10 10:00:00 | 2026-01-16 | 50
            B          | B       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            C          | C       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            D          | D       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            F          | F       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            G          | G       | 2026-01-10 10:00:00 | 2026-01-15 | 40
        """,
        payments="""
            payment_id | case_id | paid_on    | amount | kind     | reverses
            P1         | A       | 2026-01-12 | 60     | payment  |
            P2         | A       | 2026-01-17 | 80     | payment  |
            P3         | A       | 2026-01-18 | 10     | payment  |
            P4         | B       | 2026-01-16 | 100    | payment  |
            P5         | C       | 2026-01-15 | 100    | payment  |
            P6         | D       | 2026-01-11 | 100    | payment  |
            P7         | D       | 2026-01-13 | -100   | reversal | P6
            P8         | D       | 2026-01-18 | 100    | payment  |
            P9         | F       | 2026-01-14 | 40     | payment  |
            P10        | F       | 2026-01-25 | 60     | payment  |
        """,
        as_of="2026-01-31",
    )
    found = {name: (day.day if day else None, late) for name, day, late in shop.sql("select promise_id, kept_on, late_days from model.promises")}
    assert found == {"A": (17, 2), "E": (18, 2), "B": (16, 1), "C": (15, None), "D": (18, 3), "F": (None, None), "G": (None, None)}
    names = ("late_promises", "promise_late_rate", "promise_slippage", "unkept_promise_amount", "promise_shortfall_amount", "promise_shortfall_rate")
    row = shop.rows(names)[0]
    assert (row["late_promises"], row["promise_late_rate"], row["promise_slippage"]) == (4, 4 / 5, 2)  # of 1, 2, 2, 3
    assert (row["unkept_promise_amount"], row["promise_shortfall_amount"]) == (D("140.00"), D("100.00"))
    assert row["promise_shortfall_rate"] == 100 / 140


def test_nothing_kept_late_has_no_slippage(given: Callable[..., Given]) -> None:
    promise = "promise_id | case_id | made_at | due_on | amount\nA | C1 | 2026-01-10 10:00:00 | 2026-01-15 | 100"
    row = drawn(given, promise, "case_id | paid_on | amount\nC1 | 2026-01-15 | 100").rows(("late_promises", "promise_slippage"))[0]
    assert (row["late_promises"], row["promise_slippage"]) == (0, None)


def test_cash_that_was_reversed_keeps_nothing(given: Callable[..., Given]) -> None:
    promise = "promise_id | case_id | made_at | due_on | amount\nA | C1 | 2026-01-10 10:00:00 | 2026-01-15 | 100"
    payments = """
        payment_id | case_id | paid_on    | amount | kind     | status  | reverses
        P1         | C1      | 2026-01-12 | 100    | payment  | posted  |
        P2         | C1      | 2026-02-20 | -60    | reversal | posted  | P1
        P3         | C1      | 2026-01-13 | 100    | payment  | pending |
        P4         | C1      | 2026-01-13 | 100    | waiver   | posted  |
    """
    assert told(drawn(given, promise, payments)) == {"A": ("partly", D("40.00"))}


def test_grace_and_tolerance_that_are_asked_for(given: Callable[..., Given]) -> None:
    """95 of 100 on the second day after: kept with two days of grace or more and a tolerance of 95% or less."""
    promise = "promise_id | case_id | made_at | due_on | amount\nA | C1 | 2026-01-10 10:00:00 | 2026-01-15 | 100"
    shop = drawn(given, promise, "case_id | paid_on | amount\nC1 | 2026-01-17 | 95")
    states = {}
    for grace in sentences.graces("en"):
        for tolerance in sentences.tolerances("en"):
            asked = sentences.parameters(shop.filters(), None)
            (row,) = shop.warehouse.run("promise_states", {"grace": int(grace), "tolerance": tolerance, **asked})
            assert sum(row[name] for name in ("kept", "partly", "broken")) == 1
            states[grace, tolerance] = next(name for name in ("kept", "partly", "broken") if row[name])
    wanted = {
        (grace, tolerance): "broken" if grace in ("0", "1") else "partly" if tolerance == "1.00" else "kept"
        for grace in ("0", "1", "3", "7")
        for tolerance in ("1.00", "0.95", "0.90")
    }
    assert states == wanted


def test_the_sample_against_a_day_by_day_ledger(sample: Path, loaded_home: Path) -> None:
    """Every promise of the sample by a clerk who goes through each case's days one by one."""
    promises = pd.read_csv(sample / "promises.csv", dtype=str)
    payments = pd.read_csv(sample / "payments.csv", dtype=str)
    warehouse = Warehouse(Home(loaded_home).info())
    as_of, grace = warehouse.info.as_of, timedelta(days=3)
    posted = payments[payments["status"] == "posted"]
    reversed_cash = {name: D(amount) for name, amount in posted[posted["kind"] == "reversal"][["reverses", "amount"]].itertuples(index=False)}
    paid: dict[str, list[list[object]]] = {}
    for row in posted[posted["kind"] == "payment"].sort_values(["paid_on"]).itertuples():
        left = D(row.amount) - abs(reversed_cash.get(row.payment_id, D(0)))
        paid.setdefault(row.case_id, []).append([date.fromisoformat(row.paid_on), left])
    expected = {}
    for case_id, group in promises.groupby("case_id"):
        rows = [
            {"id": row.promise_id, "made": date.fromisoformat(row.made_at[:10]), "due": date.fromisoformat(row.due_on), "amount": D(row.amount)}
            for row in group.itertuples()
        ]
        rows.sort(key=lambda row: (row["made"], row["due"], row["id"]))
        for place, row in enumerate(rows):
            later = [other["made"] for other in rows[place + 1 :] if row["made"] < other["made"] <= row["due"]]
            until = min([row["due"] + grace, *later[:1]])
            got, kept_on = D(0), None
            for entry in paid.get(str(case_id), []):
                if row["made"] <= entry[0] <= until:  # type: ignore[operator]
                    took = min(row["amount"] - got, entry[1])  # type: ignore[type-var]
                    got, entry[1] = got + took, entry[1] - took  # type: ignore[operator]
                    if got >= row["amount"] and kept_on is None:
                        kept_on = entry[0]
            if later and got < row["amount"]:
                state = "renegotiated"
            elif row["due"] + grace > as_of:
                state = "undue"
            else:
                state = "kept" if got >= row["amount"] else "partly" if got else "broken"
            expected[row["id"]] = (state, got, kept_on if state == "kept" else None)
    found = {
        row["promise_id"]: (row["promise_state"], row["paid_amount"], row["kept_on"])
        for row in warehouse.rows("promises_made", filters=Given(sample, Home(loaded_home), None, warehouse).filters()).rows  # type: ignore[arg-type]
    }
    assert found == expected and len(found) == len(promises) > 200
    assert {state for state, *_ in found.values()} >= {"kept", "partly", "broken", "undue"}


def test_a_promise_made_on_the_day_another_falls_due_replaces_it_and_one_made_the_day_after_does_not(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nA | 2026-01-01\nB | 2026-01-01",
        promises="""
            promise_id | case_id | made_at             | due_on     | amount
            A1         | A       | 2026-01-05 10:00:00 | 2026-01-10 | 100
            A2         | A       | 2026-01-10 10:00:00 | 2026-01-15 | 100
            B1         | B       | 2026-01-05 10:00:00 | 2026-01-10 | 100
            B2         | B       | 2026-01-11 10:00:00 | 2026-01-15 | 100
        """,
        payments="case_id | paid_on | amount\nA | 2026-01-30 | 1",
        as_of="2026-01-31",
    )
    row = shop.rows(("replaced_promises", "broken_promises", "matured_promises"))[0]
    assert (row["replaced_promises"], row["broken_promises"], row["matured_promises"]) == (1, 3, 3)


def test_nobody_is_reminded_of_what_a_closed_case_had_promised(given: Callable[..., Given]) -> None:
    """C1 pays all of it on the 10th and is closed; of its promise and instalment of the 20th nobody need be reminded. C2 stays, C3 leaves on the day."""
    promised = "\n".join(f"{case} | {case} | 2026-01-05 10:00:00 | 2026-01-20 | 100" for case in ("C1", "C2", "C3"))
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | closed_on  | close_reason
            C1      | 2026-01-01 | 100            | 2026-01-10 | paid
            C2      | 2026-01-01 | 100            |            |
            C3      | 2026-01-01 | 100            | 2026-01-20 | recalled
        """,
        promises=f"promise_id | case_id | made_at | due_on | amount\n{promised}",
        plans="plan_id | case_id | agreed_on\nL1 | C1 | 2026-01-05",
        instalments="plan_id | number | due_on | amount\nL1 | 1 | 2026-01-20 | 50",
        payments="case_id | paid_on | amount\nC1 | 2026-01-10 | 100",
        contacts="case_id | started_at | channel | outcome\nC2 | 2026-01-18 10:00:00 | sms | delivered",
        as_of="2026-01-31",
    )
    row = shop.rows(("dues", "dues_reminded", "reminder_rate", "kept_promises"))[0]
    assert (row["dues"], row["dues_reminded"], row["reminder_rate"], row["kept_promises"]) == (2, 1, 0.5, 1)


def test_a_reversal_that_names_no_payment_keeps_what_is_left_of_its_day(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        promises="case_id | made_at | due_on | amount\nC1 | 2026-01-05 10:00:00 | 2026-01-15 | 100",
        payments="case_id | paid_on | amount | kind\nC1 | 2026-01-10 | 100 | payment\nC1 | 2026-01-12 | -60 | reversal",
        as_of="2026-01-31",
    )
    row = shop.rows(("kept_promises", "partly_promises", "matured_paid_amount", "promise_shortfall_amount"))[0]
    assert (row["kept_promises"], row["partly_promises"], row["matured_paid_amount"]) == (0, 1, Decimal("40.00"))
    assert row["promise_shortfall_amount"] == Decimal("60.00")
