"""What people write: saved views, notes on a date, and the audit of both; a database of its own, never a snapshot, no Streamlit."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from dashboard.access import Scope

#: Number of this schema. A change adds a step to MIGRATIONS under the number it leads to.
VERSION = 1
#: Statements that lead to a version from the one before; version 1 is what `create_all` makes.
MIGRATIONS: dict[int, tuple[str, ...]] = {}
#: Two processes may write: the second waits this long for the first.
BUSY_MS = 10_000
#: The number under which processes agree who makes tables.
TABLES_LOCK = 730_2026
#: Until a login says who somebody is, the person at the keyboard.
LOCAL_AUTHOR = "local"
LONGEST_NAME, LONGEST_TEXT, LONGEST_LINK = 120, 500, 4_000
#: What a saved view's link may say; anything else (an id of a case above all) is left out before it is written.
LINK_PARAMETERS = frozenset(
    {"data", "snapshot", "from", "to", "compare", "lang", "product", "bucket", "region", "team", "batch", "milestones"}
    | {"metric", "cut", "value", "side", "reach"}
)
#: A page's own settings (how a panel is cut, a window, a method) stand in the link as "page.NAME": short words and numbers, never ids.
OWN_PREFIX = "page."

_tables = MetaData()
schema_version = Table("schema_version", _tables, Column("version", Integer, primary_key=True))
saved_views = Table(
    "saved_views",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("path", String(60), nullable=False),
    Column("query", Text, nullable=False),
    Column("author", String(120), nullable=False),
    Column("created", DateTime, nullable=False),
    UniqueConstraint("author", "name"),
)
notes = Table(
    "notes",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset", String(120), nullable=False),
    Column("on_date", Date, nullable=False),
    Column("until_date", Date),
    Column("text", Text, nullable=False),
    Column("text_en", Text),
    Column("scope", Text, nullable=False),
    Column("author", String(120), nullable=False),
    Column("created", DateTime, nullable=False),
    Column("replaces", Integer),
    Column("withdrawn", DateTime),
)
audit = Table(
    "audit",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", DateTime, nullable=False),
    Column("who", String(120), nullable=False),
    Column("what", String(60), nullable=False),
    Column("detail", Text, nullable=False),
)


def append_only(table: Table) -> None:
    """Make the database itself refuse to change or delete rows of a table (SQLite and PostgreSQL), once it is created."""
    name = table.name

    def hear(statement: str, dialect: str) -> None:
        trigger: Any = DDL(statement)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", trigger.execute_if(dialect=dialect))

    for verb in ("update", "delete"):
        refusal = f"begin select raise(abort, '{name} is append-only'); end"
        hear(f"create trigger if not exists {name}_no_{verb} before {verb} on {name} {refusal}", "sqlite")
    body = f"begin raise exception '{name} is append-only'; end"
    hear(f"create or replace function {name}_refused() returns trigger language plpgsql as $$ {body} $$", "postgresql")
    hear(f"create trigger {name}_kept before update or delete or truncate on {name} execute function {name}_refused()", "postgresql")


append_only(audit)


class StateTooNew(RuntimeError):
    """The database was written by a later version of this product: nothing is touched."""


class StateUnavailable(RuntimeError):
    """The database can't be opened or written; the cause says why."""


class NameTaken(ValueError):
    """There is a saved view of that name already."""


@dataclass(frozen=True)
class SavedView:
    """A named link: the page's path and its parameters, nothing personal in either."""

    id: int
    name: str
    path: str
    query: tuple[tuple[str, str], ...]
    author: str
    created: datetime

    @property
    def pinned(self) -> bool:
        """Whether it shows one snapshot for ever, not the one in service."""
        return any(name == "snapshot" for name, _ in self.query)

    def parameters(self) -> dict[str, list[str]]:
        """The link's parameters, each with its values."""
        found: dict[str, list[str]] = {}
        for name, value in self.query:
            found.setdefault(name, []).append(value)
        return found


@dataclass(frozen=True)
class Note:
    """Something that happened on a day or over some days; `scope` is the dimensions it is about, empty for all."""

    id: int
    dataset: str
    on_date: date
    until_date: date | None
    text: str
    text_en: str | None
    scope: tuple[tuple[str, tuple[str, ...]], ...]
    author: str
    created: datetime

    def read(self, lang: str) -> str:
        """Its text in a language, where it was given in it."""
        return self.text_en if lang == "en" and self.text_en else self.text

    def touches(self, where: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether it is about anything that some filters leave."""
        return all(dimension not in where or set(values) & set(where[dimension]) for dimension, values in self.scope)

    def open_to(self, scope: Scope) -> bool:
        """Whether a person may read it: not what is about other teams alone, nor, for who sees own cases alone, about teams at all."""
        about = dict(self.scope).get("team")
        if about is None:
            return True
        return scope.collector is None and (scope.teams is None or bool(set(about) & set(scope.teams)))


@dataclass(frozen=True)
class Entry:
    """One line of the audit."""

    at: datetime
    who: str
    what: str
    detail: Mapping[str, Any]


def address(home: Path) -> str:
    """COLLECTIONS_STATE, else a SQLite file in the home."""
    return os.environ.get("COLLECTIONS_STATE") or f"sqlite:///{home / 'state.db'}"


@cache
def opened(url: str) -> State:
    """One state a process and address."""
    return State(url)


class State:
    """The database of what people write. Raises StateTooNew, or StateUnavailable where it can't be reached."""

    def __init__(self, url: str) -> None:
        if make_url(url).get_backend_name() == "sqlite":
            if name := make_url(url).database:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
            event.listen(self._engine, "connect", _for_two_processes)
        else:
            self._engine = create_engine(url, pool_pre_ping=True)
        with self.writing() as connection:
            _alone(connection)
            _prepare(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    # --- saved views --------------------------------------------------------------------------------------------------

    def views(self) -> list[SavedView]:
        """All saved views by name."""
        with self.reading() as connection:
            rows = connection.execute(select(saved_views).order_by(saved_views.c.name, saved_views.c.id)).all()
        return [SavedView(row.id, row.name, row.path, tuple(parse_qsl(row.query)), row.author, row.created) for row in rows]

    def save_view(self, name: str, path: str, query: Mapping[str, str | Iterable[str]], author: str = LOCAL_AUTHOR) -> int:
        """Keep a link under a name; raises NameTaken, or ValueError for a name or link that can't be kept."""
        name = " ".join(name.split())
        allowed = {key: values for key, values in query.items() if key in LINK_PARAMETERS or key.startswith(OWN_PREFIX)}
        pairs = [(key, value) for key, values in allowed.items() for value in ([values] if isinstance(values, str) else values)]
        link = urlencode(pairs)
        if not 0 < len(name) <= LONGEST_NAME or len(link) > LONGEST_LINK or not path.replace("_", "a").isalnum():
            raise ValueError(f"name of {len(name)} characters, link of {len(link)}, page {path!r}")
        values = {"name": name, "path": path, "query": link, "author": author, "created": now()}
        try:
            with self.writing() as connection:
                made = connection.execute(insert(saved_views).values(values)).inserted_primary_key
                _log(connection, author, "view.save", {"name": name, "path": path, "query": link})
        except IntegrityError as error:
            raise NameTaken(name) from error
        return int(made[0]) if made else 0

    def delete_view(self, identifier: int, author: str = LOCAL_AUTHOR) -> None:
        """Forget a saved view; one that is gone already is no error."""
        with self.writing() as connection:
            row = connection.execute(select(saved_views).where(saved_views.c.id == identifier)).one_or_none()
            if row is not None:
                connection.execute(saved_views.delete().where(saved_views.c.id == identifier))
                _log(connection, author, "view.delete", {"name": row.name, "path": row.path, "query": row.query})

    # --- notes --------------------------------------------------------------------------------------------------------

    def notes(self, dataset: str) -> list[Note]:
        """The notes of a data set that were not withdrawn, by day."""
        wanted = select(notes).where(notes.c.dataset == dataset, notes.c.withdrawn.is_(None)).order_by(notes.c.on_date, notes.c.id)
        with self.reading() as connection:
            rows = connection.execute(wanted).all()
        return [
            Note(
                row.id, row.dataset, row.on_date, row.until_date, row.text, row.text_en,
                tuple((name, tuple(values)) for name, values in json.loads(row.scope).items()), row.author, row.created,
            )
            for row in rows
        ]  # fmt: skip

    def add_note(
        self,
        dataset: str,
        on_date: date,
        text: str,
        *,
        until_date: date | None = None,
        text_en: str | None = None,
        scope: Mapping[str, Iterable[str]] | None = None,
        author: str = LOCAL_AUTHOR,
        replaces: int | None = None,
    ) -> int:
        """Put a note on a date; one that replaces another withdraws it in the same step. ValueError for one that can't be kept."""
        text, english = " ".join(text.split()), " ".join((text_en or "").split()) or None
        if not 0 < len(text) <= LONGEST_TEXT or len(english or "") > LONGEST_TEXT:
            raise ValueError(f"a note has 1 to {LONGEST_TEXT} characters")
        if until_date is not None and until_date < on_date:
            raise ValueError(f"a note ends before it starts: {on_date} to {until_date}")
        about = {name: sorted(values) for name, values in sorted((scope or {}).items()) if values}
        values = {
            "dataset": dataset, "on_date": on_date, "until_date": until_date, "text": text, "text_en": english,
            "scope": json.dumps(about, ensure_ascii=False), "author": author, "created": now(), "replaces": replaces,
        }  # fmt: skip
        with self.writing() as connection:
            if replaces is not None:
                _withdraw(connection, replaces, author)
            made = connection.execute(insert(notes).values(values)).inserted_primary_key
            identifier = int(made[0]) if made else 0
            said = {"id": identifier, "on": on_date.isoformat(), "until": until_date and until_date.isoformat(), "text": text}
            _log(connection, author, "note.add", {**said, "dataset": dataset, "scope": about, "replaces": replaces})
        return identifier

    def withdraw_note(self, identifier: int, author: str = LOCAL_AUTHOR) -> None:
        """Take a note off every chart; it stays in the database."""
        with self.writing() as connection:
            _withdraw(connection, identifier, author)

    # --- audit --------------------------------------------------------------------------------------------------------

    def entries(self, limit: int | None = 500, what: str | None = None) -> list[Entry]:
        """The audit, newest first; of one kind where `what` says which, all of it where there is no limit."""
        wanted = select(audit).order_by(audit.c.id.desc()).limit(limit)
        with self.reading() as connection:
            rows = connection.execute(wanted if what is None else wanted.where(audit.c.what == what)).all()
        return [Entry(row.at, row.who, row.what, json.loads(row.detail)) for row in rows]

    def log(self, connection: Connection, who: str, what: str, detail: Mapping[str, Any]) -> None:
        """A line in the audit, in the same transaction as what it tells of."""
        _log(connection, who, what, detail)

    # --- connections --------------------------------------------------------------------------------------------------

    def prepare(self, tables: MetaData) -> None:
        """Make the tables of a capability where they aren't there yet."""
        with self.writing() as connection:
            _alone(connection)
            tables.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is alone in writing from its start."""
        with _told(self._engine), self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("begin immediate")  # a lock from the start: none that is asked for too late and refused
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with _told(self._engine), self._engine.connect() as connection:
            yield connection


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """A database that can't be used is said so without its password."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise StateUnavailable(f"{engine.url.render_as_string(hide_password=True)}: {error.orig}") from error


def _for_two_processes(connection: Any, _: object) -> None:
    """SQLite: readers never wait for a writer, a writer waits for another; transactions begin where we say."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {BUSY_MS}", "synchronous = full", "foreign_keys = on"):
        connection.execute(f"pragma {pragma}").close()
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("pragma journal_mode = wal").close()
            return
        except sqlite3.OperationalError:  # for this SQLite doesn't wait by itself: two have begun with a new file at once
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _alone(connection: Connection) -> None:
    """Two processes that start at once make tables one after the other (SQLite's writers are alone as it is)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({TABLES_LOCK})")


def _prepare(connection: Connection) -> None:
    """Make the tables, or bring them to this version step by step."""
    schema_version.create(connection, checkfirst=True)
    found = connection.execute(select(schema_version.c.version)).scalar_one_or_none()
    if found is not None and found > VERSION:
        raise StateTooNew(f"the state database has version {found}; this program knows up to {VERSION}: start a newer one")
    _tables.create_all(connection)
    if found is None:
        connection.execute(insert(schema_version).values(version=VERSION))
        return
    for number in range(found + 1, VERSION + 1):
        for statement in MIGRATIONS[number]:
            connection.exec_driver_sql(statement)
        connection.execute(update(schema_version).values(version=number))


def _withdraw(connection: Connection, identifier: int, author: str) -> None:
    changed = connection.execute(update(notes).where(notes.c.id == identifier, notes.c.withdrawn.is_(None)).values(withdrawn=now()))
    if changed.rowcount:
        _log(connection, author, "note.withdraw", {"id": identifier})


def _log(connection: Connection, who: str, what: str, detail: Mapping[str, Any]) -> None:
    connection.execute(insert(audit).values(at=now(), who=who, what=what, detail=json.dumps(detail, ensure_ascii=False)))


def now() -> datetime:
    """When something was written, in UTC."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
