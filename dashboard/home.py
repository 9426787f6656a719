"""Where snapshots live: one file a snapshot, one pointer file saying which is in service for each data set."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from dashboard.connection import connect
from dashboard.contract import ROOT

WORKDIR = "collections-"  # temporary folders of a load in progress
STAGED = ".staged-"  # snapshots built but not published: in no list, gone with the next sweep unless somebody keeps them
LOCK_SECONDS = 30  # how long publishing waits for a load that is under way
KEPT = 5  # snapshots per data set that stay to be rolled back to


class NothingLoaded(LookupError):
    """No snapshot of that name: says what was asked for and what there is."""


class Overtaken(RuntimeError):
    """Another snapshot is in service than the one a staged snapshot was merged into."""


class Busy(RuntimeError):
    """A load is under way and holds the lock."""


@dataclass(frozen=True)
class SnapshotInfo:
    """What a snapshot says of itself; `lang → text` for title and note."""

    dataset: str
    id: str
    path: Path
    as_of: date
    first_on: date
    currency: str
    timezone: str
    loaded_at: str
    parent: str | None
    model: str
    rows: int
    title: dict[str, str] = field(default_factory=dict)
    note: dict[str, str] = field(default_factory=dict)


def default_home() -> Path:
    """COLLECTIONS_HOME, else .collections/ in the project."""
    return Path(os.environ.get("COLLECTIONS_HOME") or ROOT / ".collections")


@dataclass(frozen=True)
class Pointer:
    """CURRENT: the snapshot in service per data set, and the data set shown when none is named."""

    front: str | None
    datasets: dict[str, str]


class Home:
    """A folder of snapshots. Reading needs no lock: snapshots never change and the pointer moves by rename."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or default_home()).resolve()
        self.snapshots = self.path / "snapshots"
        self._current = self.path / "CURRENT"

    def lock(self) -> FileLock:
        """Held while a snapshot is built or the pointer moves."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / "LOCK")

    def pointer(self) -> Pointer:
        """The pointer as it stands; empty when nothing was loaded."""
        try:
            data = tomllib.loads(self._current.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Pointer(None, {})
        return Pointer(data.get("front"), dict(data.get("datasets", {})))

    def point(self, dataset: str, snapshot: str, *, front: bool = True) -> None:
        """Put a snapshot in service. The caller holds the lock."""
        if not self.file(snapshot).is_file():
            raise NothingLoaded(f"no snapshot {snapshot!r} in {self.snapshots}")
        pointer = self.pointer()
        datasets = {**pointer.datasets, dataset: snapshot}
        chosen = dataset if front or pointer.front is None else pointer.front
        lines = [
            f"front = {json.dumps(chosen)}",
            "",
            "[datasets]",
            *(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in sorted(datasets.items())),
        ]
        write_durably(self._current, "\n".join(lines) + "\n")

    def file(self, snapshot: str) -> Path:
        return self.snapshots / f"{snapshot}.duckdb"

    def stage(self, building: Path, snapshot: str, dataset: str, parent: str | None, keeper: Path | None) -> None:
        """Lay a built snapshot aside, to be published or discarded; kept while a process holds the lock file `keeper`.

        The caller holds the lock.
        """
        note = {"dataset": dataset, "parent": parent, "keeper": None if keeper is None else str(keeper.resolve())}
        write_durably(self._staged(snapshot, "json"), json.dumps(note))
        building.replace(self._staged(snapshot, "duckdb"))
        sync_folder(self.snapshots)

    def staged(self, snapshot: str) -> Path:
        """The file of a staged snapshot. Raises NothingLoaded where there is none (any more)."""
        path = self._staged(snapshot, "duckdb")
        if not snapshot.replace("-", "").isalnum() or not path.is_file():
            raise NothingLoaded(f"no staged snapshot {snapshot!r}: it was published, discarded or swept away")
        return path

    def publish(self, snapshot: str) -> str:
        """Put a staged snapshot in service and return its data set. Takes the lock; raises Busy where it isn't to be had.

        Raises NothingLoaded where it is gone, Overtaken where another snapshot was put in service since it was built.
        """
        try:
            with self.lock().acquire(timeout=LOCK_SECONDS):
                path = self.staged(snapshot)
                note = json.loads(self._staged(snapshot, "json").read_text(encoding="utf-8"))
                dataset, pointer = str(note["dataset"]), self.pointer()
                if pointer.datasets.get(dataset) != note["parent"]:
                    current = pointer.datasets.get(dataset)
                    raise Overtaken(f"{dataset}: {current} is in service, {snapshot} was merged into {note['parent']}")
                if self.file(snapshot).is_file():  # the same load was published before and rolled back since
                    _remove(path)
                else:
                    path.replace(self.file(snapshot))
                    sync_folder(self.snapshots)
                self.point(dataset, snapshot, front=pointer.front in (None, dataset))
                _remove(self._staged(snapshot, "json"))
                return dataset
        except Timeout as error:
            raise Busy(f"a load is under way in {self.path}") from error

    def discard(self, snapshot: str) -> None:
        """Remove a staged snapshot; nothing happens if it is gone already."""
        for ending in ("duckdb", "duckdb.wal", "json"):
            _remove(self._staged(snapshot, ending))

    def _staged(self, snapshot: str, ending: str) -> Path:
        return self.snapshots / f"{STAGED}{snapshot}.{ending}"

    def _kept(self, snapshot: str) -> bool:
        """Whether a process holds the lock file that a staged snapshot names as its keeper."""
        try:
            keeper = json.loads(self._staged(snapshot, "json").read_text(encoding="utf-8"))["keeper"]
        except (OSError, ValueError, KeyError):
            return False
        return keeper is not None and held(Path(keeper))

    def datasets(self) -> dict[str, SnapshotInfo]:
        """The snapshot in service of each data set, the front one first."""
        pointer = self.pointer()
        names = sorted(pointer.datasets, key=lambda name: (name != pointer.front, name))
        return {name: read_info(self.file(pointer.datasets[name])) for name in names}

    def info(self, dataset: str | None = None, snapshot: str | None = None) -> SnapshotInfo:
        """The snapshot named, or the one in service of the data set named, or the front one."""
        pointer = self.pointer()
        if snapshot is not None:
            if not snapshot.replace("-", "").isalnum() or not self.file(snapshot).is_file():
                raise NothingLoaded(f"no snapshot {snapshot!r}; there are: {', '.join(self.ids()) or 'none'}")
            return read_info(self.file(snapshot))
        name = dataset or pointer.front
        if name is None:
            raise NothingLoaded(f"nothing is loaded in {self.path}; run: python -m dashboard load EXPORT")
        if name not in pointer.datasets:
            raise NothingLoaded(f"no data set {name!r}; there are: {', '.join(pointer.datasets) or 'none'}")
        return read_info(self.file(pointer.datasets[name]))

    def ids(self) -> list[str]:
        """Ids of all snapshots kept, oldest file first."""
        files = [path for path in self.snapshots.glob("*.duckdb") if not path.name.startswith(".")]
        return [path.stem for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))]

    def history(self, dataset: str) -> list[SnapshotInfo]:
        """All snapshots kept of a data set, newest first; a file that is no snapshot is passed over."""
        infos: list[SnapshotInfo] = []
        for snapshot in reversed(self.ids()):
            with suppress(NothingLoaded):
                infos.append(read_info(self.file(snapshot)))
        return [info for info in infos if info.dataset == dataset]

    def sweep(self, dataset: str) -> None:
        """Remove what unfinished loads left and snapshots beyond the last KEPT. The caller holds the lock."""
        self.tidy()
        in_service = set(self.pointer().datasets.values())
        for info in self.history(dataset)[KEPT:]:
            if info.id not in in_service:
                _remove(info.path)

    def tidy(self) -> None:
        """Remove what unfinished loads left and staged snapshots that nobody keeps. The caller holds the lock."""
        unfinished = [*self.snapshots.glob(".building-*"), *self.snapshots.glob(f".{STAGED}*")]
        for leftover in [*unfinished, *self.path.glob(f".{self._current.name}.*")]:
            _remove(leftover)
        for folder in self.path.glob(f"{WORKDIR}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for snapshot in {path.name.removeprefix(STAGED).partition(".")[0] for path in self.snapshots.glob(f"{STAGED}*")}:
            if not self._kept(snapshot):
                self.discard(snapshot)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return  # Windows: still open in a reader; the next load tries again


def held(lock: Path) -> bool:
    """Whether some process holds a lock file; one that died holds it no more."""
    if not lock.is_file():
        return False
    try:
        with FileLock(lock).acquire(timeout=0):
            return False
    except Timeout:
        return True


def write_durably(path: Path, text: str) -> None:
    """Replace a file so that after a crash it holds either the old or the new text, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder durable (a no-op where folders can't be opened, as on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_info(path: Path) -> SnapshotInfo:
    """What a snapshot file says of itself."""
    try:
        cursor = connect(path).cursor()
        try:
            row: Any = cursor.execute("select entry from meta.snapshot").fetchone()
        finally:
            cursor.close()
    except duckdb.Error as error:
        raise NothingLoaded(f"{path.name} is not a snapshot of this product, or is damaged") from error
    if row is None:
        raise NothingLoaded(f"{path.name} is not a snapshot of this product")
    entry = json.loads(row[0])
    return SnapshotInfo(
        dataset=entry["dataset"],
        id=entry["id"],
        path=path,
        as_of=date.fromisoformat(entry["as_of"]),
        first_on=date.fromisoformat(entry["first_on"]),
        currency=entry["currency"],
        timezone=entry["timezone"],
        loaded_at=entry["loaded_at"],
        parent=entry["parent"],
        model=entry["model"],
        rows=entry["rows"],
        title=entry["title"],
        note=entry["note"],
    )
