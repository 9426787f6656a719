"""Export folder and mapping in, a new snapshot out: all or nothing, with every row accounted for."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from dashboard import accounting, model
from dashboard.accounting import Changes
from dashboard.breaches import Breach, LoadRefused, StructuralBreach
from dashboard.checks import ORDER, check_rows
from dashboard.compliance.rules import EVERYWHERE, applying
from dashboard.contract import ROOT, Table, contract
from dashboard.home import WORKDIR, Home, SnapshotInfo, sync_folder
from dashboard.increment import Increment, fits
from dashboard.intake import Account, Taker, create_incoming
from dashboard.mapped import MappedTaker, keys_that_move
from dashboard.mapping import Export, Mapping, export_of, read_mapping
from dashboard.merging import Merge, are_few
from dashboard.reading import form_of, listed

READING = ROOT / "queries" / "macros" / "reading.sql"
Progress = Callable[[str, float], None]
LITTLE = 0.05  # what comes in, of the snapshot's size


@dataclass
class Loaded:
    """The outcome of a load that was not refused."""

    dataset: str
    snapshot: str
    as_of: date
    accounts: list[Account]
    breaches: list[tuple[Breach, int]]  # each kind's examples (with file and line), and how many there are of the kind
    flags: list[tuple[str, int]]
    changes: dict[str, Changes]
    waterfall: dict[str, Any]
    currency: str
    published: bool = False
    identical: bool = False
    parent: str | None = None  # the snapshot it was merged into
    staged: bool = False
    missing_tables: list[str] = field(default_factory=list)
    ignored_files: list[str] = field(default_factory=list)


def load(
    export_path: Path,
    home: Home,
    *,
    mapping_path: Path | None = None,
    dataset: str | None = None,
    dry_run: bool = False,
    stage: bool = False,
    keeper: Path | None = None,
    front: bool = True,
    progress: Progress | None = None,
) -> Loaded:
    """Load an export into a home. Raises LoadRefused with every structural breach; the old snapshot then stays in service.

    `dry_run` does everything but publish; `stage` keeps the snapshot aside too, for Home.publish or Home.discard, as long as a process
    holds the lock file `keeper`. `front`: show this data set when none is named.
    """
    report = progress or (lambda _step, _share: None)
    mapping, export = _described(export_path, mapping_path)
    name = dataset or export.name
    report("wait", 0.0)
    with home.lock():
        report("start", 0.0)
        home.snapshots.mkdir(parents=True, exist_ok=True)
        home.sweep(name)
        base_id = home.pointer().datasets.get(name)
        base = home.info(snapshot=base_id) if base_id else None
        building = home.snapshots / f".building-{os.getpid()}.duckdb"
        building.unlink(missing_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix=WORKDIR, dir=home.path) as workdir:
                build = _Build(building, Path(workdir), export_path, export, mapping, name, base, report)
                try:
                    loaded, identical = build.run()
                finally:
                    build.close()
                if build.copy is not None:
                    build.copy.replace(building)
            loaded.parent = base_id
            if identical and base is not None:
                loaded.identical, loaded.snapshot = True, base.id
                if not (dry_run or stage):
                    home.point(name, base.id, front=front)
                return loaded
            if dry_run:
                return loaded
            report("publish", 0.99)
            _sync_file(building)
            if stage:
                home.stage(building, loaded.snapshot, name, base_id, keeper)
                loaded.staged = True
                return loaded
            building.replace(home.file(loaded.snapshot))
            sync_folder(home.snapshots)
            home.point(name, loaded.snapshot, front=front)
            loaded.published = True
            return loaded
        finally:
            building.unlink(missing_ok=True)
            building.with_name(building.name + ".wal").unlink(missing_ok=True)


def _described(export_path: Path, mapping_path: Path | None) -> tuple[Mapping | None, Export]:
    try:
        if not export_path.exists():
            raise StructuralBreach("no_such_export", "export", file=str(export_path))
        if mapping_path is not None:
            mapping = read_mapping(mapping_path)
            export = mapping.export
        else:
            mapping, export = None, export_of(export_path)
        try:
            ZoneInfo(export.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            details = {"place": "[export] timezone", "got": repr(export.timezone)}
            raise StructuralBreach("mapping_error", "mapping_timezone", details, file=(mapping_path or export_path / "export.toml").name) from error
    except StructuralBreach as error:
        raise LoadRefused([error.breach]) from error
    return mapping, export


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Build:
    """One snapshot file in the making."""

    def __init__(
        self,
        path: Path,
        workdir: Path,
        export_path: Path,
        export: Export,
        mapping: Mapping | None,
        dataset: str,
        base: SnapshotInfo | None,
        report: Progress,
    ) -> None:
        self.export_path, self.export, self.mapping, self.dataset, self.report = export_path, export, mapping, dataset, report
        self.base = base
        self.changes: dict[str, Changes] = {}
        self.told: dict[str, set[str]] = {}
        self.met: set[str] = set()  # tables of which `known_TABLE` holds the rows in service that incoming ones may take the place of
        self.room = workdir / "increment"  # for the copy of the base that a merge is laid over
        self.room.mkdir()
        self.copy: Path | None = None
        self.copier = ThreadPoolExecutor(1)
        self.copying: Future[Path] | None = None
        self.syncing: Future[None] | None = None
        self.con = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "temp_directory": str(workdir),
                # row ids must not move while rows are checked
                "checkpoint_threshold": "1TB",
            },
        )
        # what a crash leaves behind is thrown away: no log is kept of what is written
        self.con.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as building (recovery_mode no_wal_writes)")
        self.con.execute("use building")
        self.con.execute("set TimeZone = 'UTC'")
        self.con.execute("set allowed_directories = $rooms", {"rooms": [str(self.room)]})
        self.con.execute(READING.read_text(encoding="utf-8").replace("create or replace macro", "create or replace temp macro"))
        if base is not None:
            self.con.execute(f"attach '{str(base.path).replace(chr(39), chr(39) * 2)}' as base (read_only)")
        self.ignored: list[str] = []
        self.mapped = None if mapping is None else MappedTaker(self.con, workdir, export, self._last_file())
        self.taker = self.mapped or Taker(self.con, workdir, export, self._last_file())

    def _last_file(self) -> int:
        if self.base is None:
            return 0
        row = self.con.execute("select coalesce(max(number), 0) from base.meta.files").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Leave the files: nothing is written to them any more."""
        self.copier.shutdown()
        self.con.close()

    def run(self) -> tuple[Loaded, bool]:
        """Take in, check, merge, model, and say what happened, and whether nothing has changed."""
        self.con.execute("create schema meta")
        create_incoming(self.con)
        self._same_settings()
        self._copy_ahead()
        self._take()
        taken = self.taker.result
        accounting.name_parts(self.con, taken.accounts)
        self._check()
        share = self.export.reject_share if self.export.reject_share is not None else contract().reject_share
        accounting.settle(self.con, taken.accounts, share, self.export_path.name)
        self.taker.keep_originals()
        try:
            as_of, first_on = self._merge_and_model()
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            if "range" not in str(error).lower():
                raise
            raise LoadRefused([Breach("sums_too_large", file=self.export_path.name, expected="sums")]) from error
        snapshot = self._describe(as_of, first_on)
        waterfall = model.tie_out(self.con)
        self.report("write", 0.96)
        flags = self.con.execute("select kind, count(*) from meta.flags group by kind order by kind").fetchall()
        loaded = Loaded(
            dataset=self.dataset,
            snapshot=snapshot,
            as_of=as_of,
            accounts=taken.accounts,
            breaches=accounting.examples(self.con),
            flags=[(str(kind), int(count)) for kind, count in flags],
            changes=self.changes,
            waterfall=waterfall,
            currency=self.export.currency,
            missing_tables=[table for table in contract().tables if table not in self._supplied()],
            ignored_files=self.ignored,
        )
        identical = self._identical(as_of)
        self.con.execute("checkpoint")
        if self.copy is None:
            self.report("index", 0.98)
            model.index_cases(self.con)
            self.con.execute("checkpoint")
        return loaded, identical

    def _same_settings(self) -> None:
        """Refuse to merge amounts of another currency or times of another zone into what is in service."""
        if self.base is None:
            return
        settings = (("currency", self.base.currency, self.export.currency), ("timezone", self.base.timezone, self.export.timezone))
        wrong = [
            Breach("settings_differ", file=self.export_path.name, value=got, expected="settings", details={"setting": name, "expected": kept})
            for name, kept, got in settings
            if kept != got
        ]
        if wrong:
            raise LoadRefused(wrong)

    # --- in ---------------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        if self.mapping is None or self.mapped is None:
            self._take_files(self.taker)
        else:
            if self.base is not None and (moving := keys_that_move(self.mapping)):
                raise LoadRefused(moving)
            self.report("read", 0.05)
            self.mapped.take_sources(self.export_path, self.mapping)
            if not self.mapped.result.structural:
                # a mapping is data: its expressions see the sources and nothing else of this machine
                self.con.execute("set enable_external_access = false")
                for ordinal, block in enumerate(self.mapping.blocks, start=1):
                    self.report(f"map {block.table}", 0.1 + 0.3 * ordinal / len(self.mapping.blocks))
                    self.mapped.take_block(self.mapping, block, ordinal)
                self.mapped.settle_sources()
        if self.taker.result.structural:
            raise LoadRefused(self.taker.result.structural)

    def _take_files(self, taker: Taker) -> None:
        files = taker.contract_files(self.export_path) if self.export_path.is_dir() else []
        if not files and not taker.result.structural:
            expected = {"tables": ", ".join(contract().tables), "files": listed(self.export_path)}
            raise LoadRefused([Breach("no_table", file=self.export_path.name, expected="tables", details=expected)])
        read = {path for _, path in files}
        self.ignored = sorted(
            str(path.relative_to(self.export_path))
            for path in self.export_path.rglob("*")
            if path.is_file() and path not in read and path.name != "export.toml" and form_of(path) is not None
        )
        whole = max(1, sum(path.stat().st_size for path in read))
        done = 0

        def told(path: Path) -> None:
            nonlocal done
            self.report(f"read {path.name}", 0.4 * done / whole)
            done += path.stat().st_size

        for table in dict.fromkeys(table for table, _ in files):
            taker.take_files(table, [path for name, path in files if name == table], told)

    def _supplied(self) -> dict[str, set[str]]:
        """Columns supplied per table, here or in the snapshot merged into."""
        supplied = {table: set(columns) for table, columns in self.taker.result.supplied.items()}
        if self.base is not None:
            for table, column in self.con.execute("select table_id, column_id from base.meta.supplied").fetchall():
                supplied.setdefault(table, set()).add(column)
        return supplied

    def _told(self) -> dict[str, set[str]]:
        """Columns supplied per table, less those that should be filled and hold nothing in any row there is by now."""
        supplied = self._supplied()
        for name, columns in supplied.items():
            for column in contract().tables[name].loaded:
                if column.filled and column.id in columns:
                    there = self.con.execute(f"select exists (from export.{name} where {column.id} is not null)").fetchone()
                    if there == (False,):
                        columns.discard(column.id)
        return supplied

    def _check(self) -> None:
        supplied = self._supplied()
        parents: dict[str, str] = {}
        for index, name in enumerate(ORDER):
            self.report(f"check {name}", 0.4 + 0.12 * index / len(ORDER))
            table = contract().tables[name]
            if name in self.taker.result.supplied:
                check_rows(self.con, table, parents=parents)
            if name in supplied:
                extra = ", placed_on" if name == "cases" else ""
                accepted = f"select {table.key[0]}{extra} from export.incoming_{name}"
                if self.base is not None and self._known(table, extra):
                    accepted += f" union all select {table.key[0]}{extra} from known_{name} as b"
                    # what a known case says of itself now counts, not what it said
                    accepted += (
                        f" where not exists (select 1 from export.incoming_{name} as i where i.{table.key[0]} = b.{table.key[0]})" if extra else ""
                    )
                parents[name] = accepted

    def _known(self, table: Table, extra: str) -> bool:
        """Temp table `known_TABLE`: the keys in service that incoming rows refer to; the rest of a large table need not be looked up.

        Where few rows come in, it holds theirs too: a long column of keys is looked through once.
        """
        wanted = [
            f"select {column.id} from export.incoming_{child}"
            for child in self.taker.result.supplied
            for column in contract().tables[child].loaded
            if column.parent == table.id
        ]
        if wanted:
            own, incoming = table.key[0], f"export.incoming_{table.id}"
            # what came in just now is known without looking
            refers = f"select * from ({' union all '.join(wanted)}) as w (key) where not exists (select 1 from {incoming} as i where i.{own} = w.key)"
            if are_few(self.con, incoming, table):
                self.met.add(table.id)
                refers += f" union all select {own} from {incoming}"
            self.con.execute(f"create or replace temp table wanted as select distinct * from ({refers})")
            self.con.execute(
                f"create or replace temp table known_{table.id} as select rowid as base_id, {own}{extra} from base.export.{table.id} "
                f"where {own} in (select key from wanted)"
            )
        return bool(wanted)

    # --- merge and model --------------------------------------------------------------------------------------------

    def _merge_and_model(self) -> tuple[date, date]:
        """Incoming rows become the tables, the later row winning over the snapshot's, and the model is made of them. (as of, first day)"""
        self.report("merge", 0.53)
        supplied = self.taker.result.supplied
        if self.base is None:
            for name in supplied:
                row = self.con.execute(f"select count(*) from export.incoming_{name}").fetchone()
                self.changes[name] = Changes(added=int(row[0]) if row else 0)
            self._settle_tables()
            as_of, first_on = model.horizon(self.con, self.export.as_of)
            self._model(as_of)
            return as_of, first_on
        here = self.con.execute("select current_database()").fetchone()
        assert here is not None
        merge = Merge(self.con, supplied, here[0], self.met)
        self.changes = merge.match()
        as_of, first_on = model.horizon(self.con, self.export.as_of, merge.events)
        increment = Increment(self.con, merge, self.base, as_of)
        if fits(self.con, self.base, self.changes, set(self._supplied()), as_of) and increment.touched.find():
            self._use_copy()
            merge.in_place()
            self._keep_accounts()
            increment.build(lambda step, share: self.report(step, 0.6 + 0.35 * share))
            if self.syncing is not None:
                self.syncing.result()  # a disk says once that it could not keep something
        else:
            merge.whole()
            self._settle_tables()
            self._model(as_of)
        return as_of, first_on

    def _settle_tables(self) -> None:
        for table in contract().tables.values():
            incoming = f"export.incoming_{table.id}"
            self.con.execute(f"alter table {incoming} drop column bad")
            self.con.execute(f"alter table {incoming} drop column part")
            self.con.execute(f"alter table {incoming} rename to {table.id}")
        self._keep_accounts()

    def _keep_accounts(self) -> None:
        self.told = self._told()
        accounting.keep(self.con, self.taker.result.accounts, self.changes, self.told, merged=self.base is not None)
        named, regimes = self._regimes()
        self.con.execute("create or replace table meta.regimes (regime varchar, zone varchar, named boolean)")
        rows = [(regime, self.export.timezone, named) for regime in (EVERYWHERE, *regimes)]
        self.con.executemany("insert into meta.regimes values (?, ?, ?)", rows)

    def _regimes(self) -> tuple[bool, tuple[str, ...]]:
        """Whose rules of contact the snapshot is held against, and whether an export has named them: the last that did, else the time zone says."""
        if self.export.regimes is not None:
            return True, self.export.regimes
        kept = "select count(*) from duckdb_tables() where database_name = 'base' and schema_name = 'meta' and table_name = 'regimes'"
        if self.base is not None and self.con.execute(kept).fetchone() == (1,):
            known = self.con.execute("select named, regime from base.meta.regimes").fetchall()
            if any(named for named, _ in known):
                return True, tuple(str(regime) for _, regime in known if regime != EVERYWHERE)
        return False, applying(self.export.timezone)

    def _model(self, as_of: date) -> None:
        self.report("model", 0.6)
        model.build(self.con, as_of, lambda step, share: self.report(step, 0.6 + 0.35 * share))

    def _use_copy(self) -> None:
        """Go on in a copy of the snapshot merged into; what was taken in stays where it is."""
        assert self.base is not None
        self.copy = self._copied(self.base) if self.copying is None else self.copying.result()
        self.con.execute(f"attach '{str(self.copy).replace(chr(39), chr(39) * 2)}' as copy (recovery_mode no_wal_writes)")
        self.con.execute("use copy")

    def _copied(self, base: SnapshotInfo) -> Path:
        return Path(shutil.copyfile(base.path, self.room / "copy.duckdb"))

    def _copy_ahead(self) -> None:
        """Copy the snapshot merged into beside the reading, where so little comes in that it is likely to be laid over that copy."""
        if self.base is None or self.base.model != model.version():
            return
        files = self.export_path.rglob("*") if self.export_path.is_dir() else [self.export_path]
        if sum(path.stat().st_size for path in files if path.is_file()) < LITTLE * self.base.path.stat().st_size:
            copying = self.copying = self.copier.submit(self._copied, self.base)
            # most of the copy stays as it is: it is on its way to the disk before the rest is to follow
            self.syncing = self.copier.submit(lambda: _sync_file(copying.result()))

    def _identical(self, as_of: date) -> bool:
        """The load would add nothing to the snapshot in service: no row, column, setting, reject or model of its own."""
        base = self.base
        if base is None or base.model != model.version() or any(c.added or c.changed for c in self.changes.values()):
            return False
        if (base.as_of, base.title, base.note) != (as_of, self.export.title, self.export.note):
            return False
        held = {tuple(row) for row in self.con.execute("select regime, named from base.meta.regimes").fetchall()}
        if held != {tuple(row) for row in self.con.execute("select regime, named from meta.regimes").fetchall()}:
            return False
        known = {str(row[0]) for row in self.con.execute("select sha256 from base.meta.files").fetchall()}
        row = self.con.execute("select count(*) from breach").fetchone()
        if row != (0,) and any(account.sha256 and account.sha256 not in known for account in self.taker.result.accounts):
            return False
        supplied = self.con.execute("select table_id, column_id from base.meta.supplied").fetchall()
        return {(str(table), str(column)) for table, column in supplied} == {
            (table, column) for table, columns in self.told.items() for column in columns
        }

    # --- what the snapshot says of itself ----------------------------------------------------------------------------

    def _describe(self, as_of: date, first_on: date) -> str:
        """Write the snapshot's own entry. Its id is the as-of day and a fingerprint of everything that made it."""
        digest = sha256()
        for part in (
            model.version(),
            self.dataset,
            "" if self.base is None else self.base.id,
            "" if self.mapping is None else sha256(self.mapping.path.read_bytes()).hexdigest(),
            repr(self.export),
            *(f"{a.name}:{a.sha256}" for a in self.taker.result.accounts),
        ):
            digest.update(part.encode())
        snapshot = f"{as_of:%Y%m%d}-{digest.hexdigest()[:8]}"
        counts = " + ".join(f"(select count(*) from export.{table})" for table in contract().tables)
        rows = int((self.con.execute(f"select {counts}").fetchone() or (0,))[0])
        entry = {
            "dataset": self.dataset,
            "id": snapshot,
            "as_of": as_of.isoformat(),
            "first_on": first_on.isoformat(),
            "currency": self.export.currency,
            "timezone": self.export.timezone,
            # the only use of the clock: when somebody loaded, never what the figures mean
            "loaded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "parent": None if self.base is None else self.base.id,
            "model": model.version(),
            "rows": rows,
            "title": self.export.title,
            "note": self.export.note,
        }
        self.con.execute("create or replace table meta.snapshot (entry varchar)")
        self.con.execute("insert into meta.snapshot values ($entry)", {"entry": json.dumps(entry, ensure_ascii=False)})
        return snapshot
