"""Export folder and mapping in, a new snapshot out: all or nothing, with every row accounted for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from dashboard import model
from dashboard.breaches import Breach, LoadRefused, StructuralBreach
from dashboard.checks import ORDER, check_rows
from dashboard.contract import ROOT, contract
from dashboard.home import Home, sync_folder
from dashboard.intake import Account, Taker, create_incoming
from dashboard.mapping import Export, Mapping, export_of, read_mapping

READING = ROOT / "queries" / "macros" / "reading.sql"
Progress = Callable[[str, float], None]


@dataclass
class Changes:
    """What a load changed in one table against the snapshot it was merged into."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass
class Loaded:
    """The outcome of a load that was not refused."""

    dataset: str
    snapshot: str | None
    as_of: date
    accounts: list[Account]
    breaches: list[tuple[Breach, int]]  # each kind's examples (with file and line), and how many there are of the kind
    flags: list[tuple[str, int]]
    changes: dict[str, Changes]
    waterfall: dict[str, Any]
    currency: str
    published: bool = False
    identical: bool = False
    missing_tables: list[str] = field(default_factory=list)


def load(
    export_path: Path,
    home: Home,
    *,
    mapping_path: Path | None = None,
    dataset: str | None = None,
    dry_run: bool = False,
    front: bool = True,
    progress: Progress | None = None,
) -> Loaded:
    """Load an export into a home. Raises LoadRefused with every structural breach; the old snapshot then stays in service.

    `dry_run` does everything but publish. `front`: show this data set when none is named.
    """
    report = progress or (lambda _step, _share: None)
    mapping, export = _described(export_path, mapping_path)
    name = dataset or export.name
    with home.lock():
        home.snapshots.mkdir(parents=True, exist_ok=True)
        home.sweep(name)
        base_id = home.pointer().datasets.get(name)
        base = home.info(snapshot=base_id) if base_id else None
        building = home.snapshots / f".building-{os.getpid()}.duckdb"
        building.unlink(missing_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix="collections-", dir=home.path) as workdir:
                build = _Build(building, Path(workdir), export_path, export, mapping, name, base.path if base else None, report)
                try:
                    loaded = build.run()
                finally:
                    build.con.close()
            assert loaded.snapshot is not None
            if base is not None and build.identical(base.model):
                loaded.identical, loaded.snapshot = True, base.id
                if not dry_run:
                    home.point(name, base.id, front=front)
                return loaded
            if dry_run:
                return loaded
            report("publish", 0.99)
            _sync_file(building)
            os.replace(building, home.file(loaded.snapshot))
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
            raise StructuralBreach("no_table", "files", {"files": ", ".join(contract().tables)}, file=str(export_path))
        if mapping_path is not None:
            mapping = read_mapping(mapping_path)
            export = mapping.export
        else:
            mapping, export = None, export_of(export_path)
        try:
            ZoneInfo(export.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            detail = f"[export] timezone: got {export.timezone!r}, expected a name such as Asia/Shanghai"
            raise StructuralBreach("mapping_error", "mapping", {"detail": detail}) from error
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
        base: Path | None,
        report: Progress,
    ) -> None:
        self.export_path, self.export, self.mapping, self.dataset, self.report = export_path, export, mapping, dataset, report
        self.base = base
        self.changes: dict[str, Changes] = {}
        self.con = duckdb.connect(
            str(path),
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
        self.con.execute("set TimeZone = 'UTC'")
        self.con.execute(READING.read_text(encoding="utf-8").replace("create or replace macro", "create or replace temp macro"))
        if base is not None:
            self.con.execute(f"attach '{str(base).replace(chr(39), chr(39) * 2)}' as base (read_only)")
        self.taker = Taker(self.con, workdir, export, self._last_file())

    def _last_file(self) -> int:
        if self.base is None:
            return 0
        row = self.con.execute("select coalesce(max(number), 0) from base.meta.files").fetchone()
        return int(row[0]) if row else 0

    def run(self) -> Loaded:
        """Take in, check, merge, model, and say what happened."""
        self.con.execute("create schema meta")
        create_incoming(self.con)
        self.con.execute("create temp table put_aside (table_id varchar, row_id bigint, part integer, source_file integer, source_line bigint)")
        self.con.execute("create temp table folded (table_id varchar, part integer, row_id bigint)")
        self._take()
        self._check()
        self._account()
        self._merge()
        self._meta_tables()
        as_of, first_on = model.horizon(self.con, self.export.as_of)
        self.report("model", 0.6)
        model.build(self.con, as_of, self.export.timezone, lambda step, share: self.report(step, 0.6 + 0.35 * share))
        snapshot = self._describe(as_of, first_on)
        waterfall = model.tie_out(self.con)
        self.report("write", 0.96)
        breaches, flags = self._breaches(), self.con.execute("select kind, count(*) from meta.flags group by kind order by kind").fetchall()
        missing = [table for table in contract().tables if table not in self._supplied()]
        self.con.execute("checkpoint")
        return Loaded(
            dataset=self.dataset,
            snapshot=snapshot,
            as_of=as_of,
            accounts=self.taker.result.accounts,
            breaches=breaches,
            flags=[(str(kind), int(count)) for kind, count in flags],
            changes=self.changes,
            waterfall=waterfall,
            currency=self.export.currency,
            missing_tables=missing,
        )

    # --- in ---------------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        taker = self.taker
        if self.mapping is None:
            files = taker.contract_files(self.export_path) if self.export_path.is_dir() else []
            if not files:
                expected = {"files": ", ".join(contract().tables)}
                raise LoadRefused([Breach("no_table", file=self.export_path.name, expected="files", details=expected)])
            sizes = [path.stat().st_size for _, path in files]
            done = 0
            for (table, path), size in zip(files, sizes, strict=True):
                self.report(f"read {path.name}", 0.4 * done / max(1, sum(sizes)))
                taker.take_file(table, path)
                done += size
        else:
            self.report("read", 0.05)
            taker.take_sources(self.export_path, self.mapping)
            if not taker.result.structural:
                self.con.execute("set enable_external_access = false") if self.base is None else None
                for ordinal, block in enumerate(self.mapping.blocks, start=1):
                    self.report(f"map {block.table}", 0.1 + 0.3 * ordinal / len(self.mapping.blocks))
                    taker.take_block(self.mapping, block, ordinal)
                taker.settle_sources()
        if taker.result.structural:
            raise LoadRefused(taker.result.structural)

    def _supplied(self) -> dict[str, set[str]]:
        """Columns supplied per table, here or in the snapshot merged into."""
        supplied = {table: set(columns) for table, columns in self.taker.result.supplied.items()}
        if self.base is not None:
            for table, column in self.con.execute("select table_id, column_id from base.meta.supplied").fetchall():
                supplied.setdefault(table, set()).add(column)
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
                if self.base is not None:
                    accepted += (
                        f" union all select {table.key[0]}{extra} from base.export.{name} as b "
                        f"where not exists (select 1 from export.incoming_{name} as i where i.{table.key[0]} = b.{table.key[0]})"
                    )
                parents[name] = accepted

    # --- accounting -------------------------------------------------------------------------------------------------

    def _account(self) -> None:
        """Rows read = loaded + rejected + folded, per part; refuses a table with too large a share rejected."""
        counts: dict[str, dict[int, int]] = {}
        for column, sql in {
            "rejected": "select part, count(*) from put_aside group by part",
            "folded": "select part, count(*) from folded group by part",
            "totals": "select part, count(*) from breach where kind = 'totals_row' group by part",
        }.items():
            counts[column] = {int(part): int(n) for part, n in self.con.execute(sql).fetchall()}
        read: dict[str, list[int]] = {}
        for account in self.taker.result.accounts:
            if account.table is None:
                continue
            row = self.con.execute(f"select count(*) from export.incoming_{account.table} where part = {account.number}").fetchone()
            account.rows_loaded = int(row[0]) if row else 0
            account.rows_rejected += counts["rejected"].get(account.number, 0)
            account.rows_folded = counts["folded"].get(account.number, 0)
            total = account.rows_loaded + account.rows_rejected + account.rows_folded
            if total != account.rows_read:
                raise AssertionError(f"{account.name}: {account.rows_read} rows read, {total} accounted for")
            sums = read.setdefault(account.table, [0, 0])
            sums[0] += account.rows_read - counts["totals"].get(account.number, 0)
            sums[1] += account.rows_rejected - counts["totals"].get(account.number, 0)
        share = self.export.reject_share if self.export.reject_share is not None else contract().reject_share
        refused = [
            Breach("too_many_rejects", table, None, None, None, f"{bad} / {rows} = {bad / rows:.1%}", "share", {"share": f"{share:.0%}"})
            for table, (rows, bad) in read.items()
            if rows and bad > share * rows
        ]
        if not any(rows for rows, _ in read.values()):
            refused.append(Breach("empty_export", file=self.export_path.name, expected="rows"))
        if refused:
            raise LoadRefused([*refused, *(breach for breach, _ in self._breaches())])

    def _breaches(self) -> list[tuple[Breach, int]]:
        """The first examples of each kind per table and column, with how many there are."""
        names = {account.number: account.name for account in self.taker.result.accounts}
        rows = self.con.execute(
            "select table_id, part, source_line, column_id, kind, value, expected, details, n from (select *, "
            "row_number() over (partition by table_id, column_id, kind order by part, source_line) as rank, "
            "count(*) over (partition by table_id, column_id, kind) as n from breach) "
            "where rank <= $shown order by table_id, kind, column_id, part, source_line",
            {"shown": contract().breaches_shown},
        ).fetchall()
        return [
            (Breach(kind, table, names.get(part), line, column, value, expected, json.loads(details or "{}")), int(n))
            for table, part, line, column, kind, value, expected, details, n in rows
        ]

    # --- merge ------------------------------------------------------------------------------------------------------

    def _merge(self) -> None:
        """Incoming rows become the tables, the later row winning over the snapshot's; counts what changed."""
        self.report("merge", 0.53)
        for table in contract().tables.values():
            incoming = f"export.incoming_{table.id}"
            if self.base is not None:
                self._merge_table(table.id)
            elif table.id in self.taker.result.supplied:
                row = self.con.execute(f"select count(*) from {incoming}").fetchone()
                self.changes[table.id] = Changes(added=int(row[0]) if row else 0)
            self.con.execute(f"alter table {incoming} drop column bad")
            self.con.execute(f"alter table {incoming} drop column part")
            self.con.execute(f"alter table {incoming} rename to {table.id}")

    def _merge_table(self, name: str) -> None:
        table = contract().tables[name]
        incoming = f"export.incoming_{name}"
        extra = ["copies"] if name == "payments" else []
        columns = [column.id for column in table.loaded] + extra
        match = " and ".join(f"i.{column} = b.{column}" for column in table.key)
        if name in self.taker.result.supplied:
            supplied = [column for column in columns if column in self.taker.result.supplied[name] or column in extra]
            same = " and ".join(f"i.{column} is not distinct from b.{column}" for column in supplied)
            row = self.con.execute(f"select count(*) from {incoming}").fetchone()
            total = int(row[0]) if row else 0
            row = self.con.execute(
                f"select count(*), count(*) filter (where {same}) from {incoming} as i inner join base.export.{name} as b on {match}"
            ).fetchone()
            matched, equal = (int(row[0]), int(row[1])) if row else (0, 0)
            self.changes[name] = Changes(added=total - matched, changed=matched - equal, unchanged=equal)
            if equal:  # an unchanged row stays the row it was, with the file it came from
                self.con.execute(
                    f"delete from {incoming} as i where exists (select 1 from base.export.{name} as b where {match} and {same})"
                )
            # a column that this export doesn't carry keeps what the snapshot knew
            kept = [column for column in columns if column not in supplied]
            if kept and matched > equal:
                sets = ", ".join(f"{column} = b.{column}" for column in kept)
                self.con.execute(f"update {incoming} as i set {sets} from base.export.{name} as b where {match}")
        listed = ", ".join([*columns, "source_file", "source_line"])
        self.con.execute(
            f"insert into {incoming} ({listed}) select {listed} from base.export.{name} as b "
            f"where not exists (select 1 from {incoming} as i where {match})"
        )

    def identical(self, base_model: str) -> bool:
        """The load changed nothing, neither data nor model."""
        return base_model == model.version() and all(not c.added and not c.changed for c in self.changes.values())

    # --- what the snapshot says of itself ----------------------------------------------------------------------------

    def _meta_tables(self) -> None:
        con = self.con
        loads = 1
        if self.base is not None:
            for name in ("files", "rejects", "breaches", "changes"):
                con.execute(f"create table meta.{name} as select * from base.meta.{name}")
            row = con.execute("select coalesce(max(load_number), 0) + 1 from meta.files").fetchone()
            loads = int(row[0]) if row else 1
        else:
            con.execute(
                "create table meta.files (load_number integer, number integer, name varchar, table_id varchar, encoding varchar, sha256 varchar, "
                "rows_read bigint, rows_loaded bigint, rows_rejected bigint, rows_folded bigint, rows_blank bigint, rows_used bigint, "
                "rows_unused bigint, ignored_headers varchar)"
            )
            con.execute(
                "create table meta.rejects (load_number integer, table_id varchar, file varchar, line bigint, kinds varchar, column_id varchar, "
                "value varchar, expected varchar, details json, content json)"
            )
            con.execute(
                "create table meta.breaches (load_number integer, table_id varchar, column_id varchar, kind varchar, file varchar, line bigint, "
                "value varchar, expected varchar, details json, occurrences bigint)"
            )
            con.execute("create table meta.changes (load_number integer, table_id varchar, added bigint, changed bigint, unchanged bigint)")
        accounts = self.taker.result.accounts
        con.executemany(
            "insert into meta.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    loads, a.number, a.name, a.table, a.encoding, a.sha256, a.rows_read, a.rows_loaded, a.rows_rejected, a.rows_folded,
                    a.rows_blank, a.rows_used, a.rows_unused, "; ".join(a.ignored_headers),
                )
                for a in accounts
            ],
        )  # fmt: skip
        con.execute("create temp table part_name (part integer, name varchar)")
        con.executemany("insert into part_name values (?, ?)", [(a.number, a.name) for a in accounts])
        con.execute(
            "insert into meta.rejects select $load, b.table_id, any_value(n.name), any_value(b.source_line), "
            "string_agg(distinct b.kind, ', ' order by b.kind), min_by(b.column_id, b.kind), min_by(b.value, b.kind), "
            "min_by(b.expected, b.kind), min_by(b.details, b.kind), any_value(o.content) "
            "from breach as b inner join part_name as n on b.part = n.part "
            "left join original as o on o.table_id = b.table_id and o.row_id = b.row_id "
            "group by b.table_id, b.part, b.row_id, case when b.row_id is null then b.source_line end "
            "order by b.table_id, b.part, any_value(b.source_line)",
            {"load": loads},
        )
        for breach, count in self._breaches():
            con.execute(
                "insert into meta.breaches values ($load, $table, $column, $kind, $file, $line, $value, $expected, to_json($details), $n)",
                {
                    "load": loads, "table": breach.table, "column": breach.column, "kind": breach.kind, "file": breach.file,
                    "line": breach.line, "value": breach.value, "expected": breach.expected, "details": breach.details, "n": count,
                },
            )  # fmt: skip
        if self.changes:
            con.executemany(
                "insert into meta.changes values (?, ?, ?, ?, ?)",
                [(loads, name, c.added, c.changed, c.unchanged) for name, c in self.changes.items()],
            )
        con.execute("create table meta.supplied (table_id varchar, column_id varchar)")
        supplied = [(table, column) for table, columns in sorted(self._supplied().items()) for column in sorted(columns)]
        con.executemany("insert into meta.supplied values (?, ?)", supplied)

    def _describe(self, as_of: date, first_on: date) -> str:
        """Write the snapshot's own entry. Its id is the as-of day and a fingerprint of everything that made it."""
        digest = sha256()
        for part in (
            model.version(),
            self.dataset,
            "" if self.base is None else self.base.stem,
            "" if self.mapping is None else sha256(self.mapping.path.read_bytes()).hexdigest(),
            repr(self.export),
            *(f"{a.name}:{a.sha256}" for a in self.taker.result.accounts),
        ):
            digest.update(part.encode())
        snapshot = f"{as_of:%Y%m%d}-{digest.hexdigest()[:8]}"
        rows = sum(
            int((self.con.execute(f"select count(*) from export.{table}").fetchone() or (0,))[0]) for table in contract().tables
        )
        entry = {
            "dataset": self.dataset,
            "id": snapshot,
            "as_of": as_of.isoformat(),
            "first_on": first_on.isoformat(),
            "currency": self.export.currency,
            "timezone": self.export.timezone,
            # the only use of the clock: when somebody loaded, never what the figures mean
            "loaded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "parent": None if self.base is None else self.base.stem,
            "model": model.version(),
            "rows": rows,
            "title": self.export.title,
            "note": self.export.note,
        }
        self.con.execute("create table meta.snapshot (entry varchar)")
        self.con.execute("insert into meta.snapshot values ($entry)", {"entry": json.dumps(entry, ensure_ascii=False)})
        return snapshot


