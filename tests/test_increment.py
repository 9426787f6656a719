"""A merge laid over a copy of the snapshot gives, table for table and row for row, what building everything again gives."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboard import load as loading
from dashboard import touching
from dashboard.contract import contract
from dashboard.home import Home
from dashboard.increment import Increment
from dashboard.reading import find_files
from data.make_sample import generate
from tests.bench.day import STILL_OPEN, cut, last_day
from tests.conftest import close_all
from tests.real.test_fines import HEADER, MAPPING

#: What the earlier export says otherwise of some rows, for the day to correct: states, amounts, owners, a customer's age.
SAID = {
    "payments": "case when hash(payment_id) % 40 = 0 then 'pending' else status end as status",
    "contacts": "case when hash(contact_id) % 300 = 1 then (select min(case_id) from told_cases) else case_id end as case_id, "
    "case when hash(contact_id) % 500 = 1 then null else collector_id end as collector_id",
    "customers": "case when hash(customer_id) % 60 = 0 then '18-25' else age_band end as age_band",
    "promises": "case when hash(promise_id) % 50 = 0 then amount + 1 else amount end as amount, "
    "case when hash(contact_id) % 150 = 0 then null else contact_id end as contact_id",
}
LATE = {
    "payments": "hash(payment_id) % 150 = 0",
    "contacts": "hash(contact_id) % 150 = 0",
    "balances": "hash(case_id, as_of) % 150 = 0",
    "assignments": "hash(case_id, assigned_at) % 150 = 0",
}


def content(home: Home) -> dict[str, Counter[str]]:
    """Every table of the snapshot in service, rows as a bag, keys that a build chooses put back to what they stand for."""
    info = home.info()
    close_all(home)
    con = duckdb.connect(str(info.path), read_only=True)
    con.execute("create temp table case_ids as select case_key, case_id from model.cases")
    con.execute("create temp table payment_ids as select posting_key, payment_id from model.cash")
    found: dict[str, Counter[str]] = {}
    tables = con.execute("select schema_name, table_name from duckdb_tables() where not internal and not temporary union "
                         "select schema_name, view_name from duckdb_views() where not internal and not temporary").fetchall()  # fmt: skip
    for schema, name in tables:
        if schema not in ("export", "model", "meta", "rows_of_case") or (schema, name) == ("meta", "snapshot"):
            continue
        rows = f"{schema}.{name}" if schema != "rows_of_case" else f"(select case_id, unnest(row_ids) as row_id from {schema}.{name})"
        columns = [row[0] for row in con.execute(f"describe from {rows}").fetchall()]
        listed = []
        for column in columns:
            if column in ("case_key", "customer_key"):
                listed.append(f"(select case_id from case_ids as k where k.case_key = t.{column})")
            elif column == "posting_key":
                listed.append(f"(select payment_id from payment_ids as k where k.posting_key = t.{column})")
            elif column == "row_id":
                key = (
                    "plan_id || ' ' || number"
                    if name == "instalments"
                    else " || ' ' || ".join(f"cast({part} as varchar)" for part in contract().tables[name].key)
                )
                listed.append(f"(select {key} from export.{name} as e where e.rowid = t.row_id)")
            else:
                listed.append(f"t.{column}")
        found[f"{schema}.{name}"] = Counter(str(row) for row in con.execute(f"select {', '.join(listed)} from {rows} as t").fetchall())
    con.close()
    return found


def merged(before: Path, after: Path, folder: Path, mapping: Path | None = None) -> Home:
    home = Home(folder)
    loading.load(before, home, mapping_path=mapping)
    loading.load(after, home, mapping_path=mapping)
    return home


def built(before: Path, after: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, mapping: Path | None = None) -> Home:
    """The same, by a whole build."""
    monkeypatch.setattr(loading, "fits", lambda *_: False)
    return merged(before, after, folder, mapping)


def same_as_built(before: Path, after: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, float]:
    """What a merge laid over its base gives, the same as a whole build; and the share of cases it touched."""
    shares = watched(monkeypatch)
    one = merged(before, after, folder / "laid")
    assert len(shares) == 1
    assert differences(one, built(before, after, folder / "built", monkeypatch)) == {}
    return one, shares[0]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cut") / "export"
    generate(folder, cases=400, months=9, seed=11, file_format="parquet")
    yield folder


#: (day of the first export, days until the next, what the first says otherwise, what comes late)
CUTS = [(9, 3, SAID, LATE), (20, 0, SAID, {}), (14, 1, {}, {})]


@pytest.mark.parametrize(("day", "later", "said", "late"), CUTS)
def test_a_day_laid_over_is_what_a_whole_build_gives(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: int, later: int, said: dict[str, str], late: dict[str, str]
) -> None:
    first = last_day(export).replace(day=day)
    before, after = cut(export, tmp_path / "cut", first, first + timedelta(days=later), "parquet", said=said, late=late)
    _, share = same_as_built(before, after, tmp_path, monkeypatch)
    assert 0 < share < 0.5
    shutil.rmtree(tmp_path)


def test_a_copy_that_the_disk_could_not_keep_is_not_published(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file a failure to write is told once: to whoever asks first."""
    first = last_day(export).replace(day=14)
    before, after = cut(export, tmp_path / "cut", first, first + timedelta(days=1), "parquet")
    home = Home(tmp_path / "home")
    loading.load(before, home)
    known, sync = home.info(), loading._sync_file

    def failing(path: Path) -> None:
        if path.name == "copy.duckdb":
            raise OSError("no room")
        sync(path)

    monkeypatch.setattr(loading, "_sync_file", failing)
    watched(monkeypatch)
    with pytest.raises(OSError, match="no room"):
        loading.load(after, home)
    assert home.info() == known


def rewritten(export: Path, folder: Path, otherwise: dict[str, str], **values: date) -> Path:
    """A copy of an export in which some tables are what a select over their `rows` says."""
    shutil.copytree(export, folder)
    with duckdb.connect() as con:
        for table, sql in otherwise.items():
            files = [str(path) for path in find_files(folder, table)]
            con.execute("create or replace table rows as from read_parquet($files)", {"files": files})
            for path in files:
                Path(path).unlink()
            con.execute(f"create or replace table written as {sql}", values)
            con.execute(f"copy written to '{files[0]}' (format parquet)")
    return folder


def test_contacts_of_no_case_stay_where_a_promise_names_one(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old contacts that lost their case: none is new, but a promise of a touched case was made in one of them."""
    first = last_day(export).replace(day=14)
    lost = "select * replace (if(hash(contact_id) % 3 = 0 and started_at < $day, null, case_id) as case_id) from rows"
    rewritten(export, tmp_path / "export", {"contacts": lost}, day=first - timedelta(days=4))
    before, after = cut(tmp_path / "export", tmp_path / "cut", first, first + timedelta(days=1), "parquet")
    same_as_built(before, after, tmp_path, monkeypatch)


def test_a_talk_told_late_counts_for_the_payment_of_its_own_day(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else has changed of such a case: what came before a payment is asked for again, whose credit it is too."""
    first = last_day(export).replace(day=14)
    files = ", ".join(f"'{path}'" for path in find_files(export, "payments"))
    moved = f"""
        select rows.* replace (
            case when days.paid_on is not null then cast(days.paid_on as timestamp) + interval 10 hour else started_at end as started_at,
            case when days.paid_on is not null then 'conversation' else outcome end as outcome,
            case when days.paid_on is not null then 'debtor' else party end as party
        )
        from rows left join (select case_id, min(paid_on) as paid_on from read_parquet([{files}]) where kind = 'payment' group by case_id) as days
            on rows.case_id = days.case_id and hash(contact_id) % 7 = 0 and channel = 'phone' and direction = 'outbound' and collector_id is not null"""
    unnamed = "select * replace (cast(null as varchar) as contact_id) from rows"
    rewritten(export, tmp_path / "export", {"contacts": moved, "promises": unnamed, "reviews": unnamed})
    before, after = cut(tmp_path / "export", tmp_path / "cut", first, first, "parquet", late={"contacts": "hash(contact_id) % 7 = 0"})
    same_as_built(before, after, tmp_path, monkeypatch)


def test_rows_dated_ahead_count_when_their_day_comes(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contacts and payments of the later days that the first export has already, of cases in which nothing else may happen."""
    first = last_day(export).replace(day=12)
    before, after = cut(export, tmp_path / "cut", first, first + timedelta(days=3), "parquet")
    with duckdb.connect() as con:
        for table in ("contacts", "payments"):
            told, later = (f"{folder / table}.parquet" for folder in (before, after))
            ahead = f"hash(case_id) % 3 = 0 and case_id in (select case_id from '{before}/cases.parquet')"
            con.execute(f"create or replace table told as from '{told}' union all select * from '{later}' where {ahead}")
            con.execute(f"create or replace table later as select * from '{later}' where not ({ahead})")
            con.execute(f"copy told to '{told}' (format parquet); copy later to '{later}' (format parquet)")
    same_as_built(before, after, tmp_path, monkeypatch)


def test_flags_of_touched_cases_are_found_again(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments made twice, reversals of nothing and contacts before their collector came, on cases that a day touches and on others."""
    first = last_day(export).replace(day=14)
    otherwise = {
        "payments": "select * from rows union all select * replace (payment_id || '-again' as payment_id) from rows "
        "where kind = 'payment' and hash(payment_id) % 4 = 0 union all select * replace (payment_id || '-back' as payment_id, "
        "-amount as amount, 'reversal' as kind, payment_id || '-none' as reverses) from rows where kind = 'payment' and hash(payment_id) % 5 = 0",
        "collectors": "select * replace (if(hash(collector_id) % 2 = 0, hired_on + 4000, hired_on) as hired_on) from rows",
    }
    rewritten(export, tmp_path / "export", otherwise)
    before, after = cut(tmp_path / "export", tmp_path / "cut", first, first + timedelta(days=1), "parquet")
    one, share = same_as_built(before, after, tmp_path, monkeypatch)
    assert share < 0.5
    kinds = {row.split("'")[1] for row in content(one)["meta.flags"]}
    assert {"paid_twice", "reversal_without_payment", "outside_employment"} <= kinds


FIRST = "case_id = (select min(case_id) from true_cases)"
RARE = [
    # the only one of its region, product, arm: gone as soon as the day says what it is
    {"cases": f"{STILL_OPEN}, case when {FIRST} then 'Nowhere' else region end as region, case when {FIRST} then 'Gone' else product end as product, "
     f"case when {FIRST} then 'no arm' else strategy end as strategy"},
    # nobody had paid like this yet, and no case was in this arm
    {"payments": "case when method = (select max(method) from true_payments) then (select min(method) from true_payments) else method end as method",
     "cases": f"{STILL_OPEN}, case when strategy = (select max(strategy) from true_cases) then null else strategy end as strategy"},
]  # fmt: skip


@pytest.mark.parametrize("said", RARE)
def test_values_that_come_and_go_are_listed_anew(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]) -> None:
    first = last_day(export).replace(day=14)
    before, after = cut(export, tmp_path / "cut", first, first + timedelta(days=1), "parquet", said=said)
    same_as_built(before, after, tmp_path, monkeypatch)


def differences(one: Home, other: Home) -> dict[str, Any]:
    """Table → some rows that only one of two homes has."""
    got, expected = content(one), content(other)
    assert got.keys() == expected.keys()
    wrong = {name: (list((got[name] - expected[name]).items())[:3], list((expected[name] - got[name]).items())[:3]) for name in got}
    return {name: rows for name, rows in wrong.items() if any(rows)}


MAPPED_BEFORE = (
    "A1,Create Fine,01/02/2010,,30.0,,,0.0,,,,,,\n"
    "A2,Create Fine,02/02/2010,,40.0,,,0.0,,,,,,\n"
    "A3,Create Fine,02/02/2010,,50.0,,,0.0,,,,,,\n"
    "A2,Payment,03/02/2010,,,,40.0,40.0,,,,,,\n"
)
MAPPED_AFTER = MAPPED_BEFORE + "A3,Payment,05/02/2010,,,,20.0,20.0,,,,,,\n"


def test_a_mapped_export_is_laid_over_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapping's expressions are shut off from the machine's files; the copy of the snapshot is not theirs to see, but the load's to use."""
    shares = watched(monkeypatch)
    head = HEADER + "\n"
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, rows in ((before, MAPPED_BEFORE), (after, MAPPED_AFTER)):
        folder.mkdir()
        (folder / "log.csv").write_text(head + rows, encoding="utf-8")
    one = merged(before, after, tmp_path / "laid", MAPPING)
    assert shares == [1 / 3]
    assert differences(one, built(before, after, tmp_path / "built", monkeypatch, MAPPING)) == {}


def watched(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The share of touched cases of each merge that is laid over its base, however many they are."""
    shares: list[float] = []
    build = Increment.build

    def counted(self: Increment, *arguments: Any) -> None:
        build(self, *arguments)
        touched, whole = self._row("select (select count(*) from touched), (select count(*) from base.export.cases)")
        shares.append(touched / whole)

    monkeypatch.setattr(touching, "MOST", 1.0)
    monkeypatch.setattr(Increment, "build", counted)
    return shares
