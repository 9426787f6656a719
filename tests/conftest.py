"""Shared fixtures: `given(...)` draws an export in the test and loads it; `loaded_home` holds a small sample for pages and browsers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from dashboard import warehouse as opened
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.load import Loaded
from dashboard.warehouse import Warehouse
from data.make_sample import generate
from tests.drawn import write_export
from tests.once import PLACE, load_once, made, place
from tests.postgres import NoPostgres, Server


def pytest_configure(config: pytest.Config) -> None:
    """One place for the loads of this run, whichever worker makes them."""
    if not hasattr(config, "workerinput"):
        os.environ[PLACE] = tempfile.mkdtemp(prefix="collections-loads-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ[PLACE], ignore_errors=True))


@dataclass(frozen=True)
class Given:
    """An export that was drawn and loaded."""

    folder: Path
    home: Home
    load: Loaded
    warehouse: Warehouse

    def sql(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of any SELECT over the snapshot (export.*, model.*, meta.*)."""
        return opened.connect(self.warehouse.info.path).cursor().execute(sql, values).fetchall()

    def rejects(self) -> list[tuple[str, int | None, str, str | None, str | None]]:
        """(table, line, kinds, column, value) of every row put aside."""
        return self.sql("select table_id, line, kinds, column_id, value from meta.rejects order by table_id, line")

    def flags(self) -> list[tuple[str, str | None]]:
        """(kind, key) of every suspicion."""
        return self.sql("select kind, key from meta.flags order by all")

    def filters(self, start: date | str | None = None, until: date | str | None = None, **where: str | Sequence[str]) -> Filters:
        """The whole export, unless `start` or `until` (dates or ISO text) say otherwise; other names are dimensions: product="card"."""
        first, last = self.warehouse.info.first_on, self.warehouse.info.as_of
        chosen = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in where.items()}
        return Filters(start=_day(start, first), until=_day(until, last), where=tuple(chosen.items()))

    def rows(self, metrics: str | Sequence[str], by: str | Sequence[str] = (), **filters: Any) -> list[dict[str, Any]]:
        """Rows of a measure, cut by dimensions; filters as in `filters`."""
        names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        cuts = (by,) if isinstance(by, str) else tuple(by)
        return self.warehouse.measure(names, cuts, filters=self.filters(**filters)).rows

    def value(self, metric: str, **filters: Any) -> Any:
        """One metric over the whole export or what `filters` leave of it."""
        return self.rows(metric, **filters)[0][metric]


def _day(value: date | str | None, otherwise: date) -> date:
    return otherwise if value is None else date.fromisoformat(value) if isinstance(value, str) else value


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Callable[..., Given]]:
    """Draw an export, load it, ask it::

        def test_recovery(given):
            shop = given(
                cases=\"\"\"
                    case_id | placed_on  | placed_balance
                    C1      | 2026-01-05 | 1000
                \"\"\",
                payments=\"\"\"
                    case_id | paid_on    | amount
                    C1      | 2026-01-20 | 250.00
                \"\"\",
                as_of="2026-01-31",
            )
            assert shop.value("net_amount") == Decimal("250.00")
            assert shop.rows("net_amount", by="month") == [...]

    One keyword per contract table. Required columns left out are filled in (tests/drawn.py DEFAULTS; keys are numbered P1, P2, …; a payment of
    less than zero is a reversal), so draw what the test is about; `complete=False` writes exactly what is drawn. `as_of` is the day the
    export is complete to (else the last day in it); `settings` are further `[export]` keys, as TOML text. `home=shop.home` merges into an
    earlier one. A refused load raises LoadRefused.
    """
    yield from drawing(tmp_path)


@pytest.fixture(scope="module")
def module_given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Given]]:
    """`given` for an export that all tests of a file ask and none changes: loaded once."""
    yield from drawing(tmp_path_factory.mktemp("given"))


def drawing(folder: Path) -> Iterator[Callable[..., Given]]:
    """What `given` is: draws exports below a folder, and lets go of them at the end."""
    numbers = count(1)
    homes: list[Home] = []

    def draw(
        *, as_of: str | None = None, home: Home | None = None, complete: bool = True, settings: dict[str, str] | None = None, **tables: str
    ) -> Given:
        number = next(numbers)
        extra = {**({"as_of": as_of} if as_of else {}), **(settings or {})}
        export = write_export(folder / f"export_{number}", tables, complete=complete, settings=extra)
        where = home or Home(folder / f"home_{number}")
        homes.append(where)
        outcome = load_once(export, where)
        return Given(export, where, outcome, Warehouse(where.info(snapshot=outcome.snapshot)))

    yield draw
    for home in homes:
        close_all(home)


def close_all(home: Home) -> None:
    """Let go of every snapshot of a home that this process has open."""
    for snapshot in home.ids():
        with suppress(OSError):
            opened.close(home.file(snapshot))


@pytest.fixture(scope="session")
def sample() -> Path:
    """A small clean synthetic export (600 cases, 15 months), to be read only: all workers have the same."""
    return made(place() / "sample", lambda folder: generate(folder / "export", cases=600, months=15, seed=7)) / "export"


@pytest.fixture(scope="session")
def loaded_home(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home in which the small sample is loaded."""
    folder = tmp_path_factory.mktemp("home")
    load_once(sample, Home(folder))
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this session's own. Where there is none tests are skipped, under CI=true they fail."""
    try:
        server = Server()
    except NoPostgres as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"NO POSTGRESQL: {error}")
        pytest.skip(f"NO POSTGRESQL: {error}")
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind that what people write may be kept in."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'state.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.database()
