"""Uploads under way in this server: each tried by a child process, watched, and published or discarded by who may."""

from __future__ import annotations

import atexit
import json
import logging
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from dashboard.access import Person, may_upload
from dashboard.breaches import StructuralBreach
from dashboard.contract import ROOT
from dashboard.home import Busy, Home, NothingLoaded, Overtaken, held
from dashboard.mapping import read_mapping
from dashboard.upload.parcel import Limits, ParcelRefused, unpack

LOG = logging.getLogger(__name__)
FOLDER = "uploads"
MAPPINGS = ROOT / "data" / "mappings"
MAPPING_BYTES = 1 << 20
MOST_OPEN = 3  # uploads of a home that are under way or wait for a decision
IDLE_SECONDS = 2 * 3600  # an upload nobody looks at any more is discarded
RUN_SECONDS = 3600  # a load that takes longer is stopped
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


class NotAllowed(PermissionError):
    """This person may not bring data in."""


class Run:
    """One upload. `state` is running, refused, failed, late, cancelled, unchanged, ready, overtaken, gone, published or discarded."""

    def __init__(self, home: Home, dataset: str, who: Person) -> None:
        self.home, self.dataset, self.who = home, dataset, who
        self.token = secrets.token_hex(8)
        self.folder = home.path / FOLDER / self.token
        self.export = self.folder / "export"
        self.export.mkdir(parents=True)
        self._keeper = FileLock(self.folder / "KEEPER", thread_local=False)
        self._keeper.acquire()
        self._guard = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._stopped: str | None = None
        self.state, self.step, self.share = "running", "", 0.0
        self.root, self.mapping = self.export, None
        self.left_out: tuple[str, ...] = ()
        self.busy = False  # publishing had to give way to a load that is under way
        self.outcome: dict[str, Any] = {}
        self.seconds = 0.0
        self.seen = self.started = time.monotonic()

    root: Path
    mapping: Path | None

    @property
    def open(self) -> bool:
        """Whether it is still to be waited for or decided on."""
        return self.state in ("running", "ready", "overtaken")

    @property
    def elapsed(self) -> float:
        """Seconds since the load was started, or that it took."""
        return self.seconds or time.monotonic() - self.started

    def start(self) -> None:
        """Try the load in a process of its own."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        command = [
            sys.executable, "-m", "dashboard", "load", str(self.root), "--home", str(self.home.path), "--dataset", self.dataset,
            "--stage", "--keeper", str(self.folder / "KEEPER"), "--report", str(report), "--progress", "json",
        ]  # fmt: skip
        if self.mapping is not None:
            command += ["--mapping", str(self.mapping)]
        self.state, self.step, self.share, self.seconds, self._stopped = "running", "", 0.0, 0.0, None
        self.started = self.seen = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace",
        )  # fmt: skip
        threading.Thread(target=self._follow, args=(self._process, report), name=f"upload-{self.token}", daemon=True).start()

    def _follow(self, process: subprocess.Popen[str], report: Path) -> None:
        """Read the child's progress to its end, then what came of it. Runs in a thread of its own."""
        late = threading.Timer(RUN_SECONDS, self._stop, ("late",))
        late.daemon = True
        late.start()
        said: deque[str] = deque(maxlen=20)
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                    self.step, self.share = str(entry["step"]), float(entry["share"])
                except (ValueError, KeyError, TypeError):
                    said.append(line.rstrip())
        process.wait()
        late.cancel()
        with self._guard:
            self.seconds = time.monotonic() - self.started
            try:
                self.outcome = json.loads(report.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                self.outcome = {}
            state = {"refused": "refused", "identical": "unchanged", "staged": "ready"}.get(self.outcome.get("outcome", ""), "failed")
            if self._stopped is not None:
                state = self._stopped
            if state == "failed":
                LOG.error("upload %s failed (exit code %s): %s", self.token, process.returncode, "\n".join(said))
            self._end(state)

    def _stop(self, state: str) -> None:
        self._stopped = state
        if self._process is not None:
            self._process.kill()

    def _end(self, state: str) -> None:
        """Take a state; unless there is still something to decide, nothing of the upload stays on the disk."""
        if state not in ("ready", "overtaken"):
            if self.outcome.get("outcome") == "staged" and state != "published":
                self.home.discard(self.outcome["snapshot"])
            self._keeper.release()
            shutil.rmtree(self.folder, ignore_errors=True)
            if state in ("cancelled", "late", "failed"):
                _tidy(self.home)
        self.state = state

    def cancel(self) -> None:
        """Stop the load; it is over when `state` says so."""
        with self._guard:
            if self.state == "running":
                self._stop("cancelled")

    def publish(self, who: Person) -> None:
        """Put what was tried in service for everybody; `state` says what came of it, or `busy` to try again. Raises NotAllowed."""
        _allowed(who)
        with self._guard:
            self.busy = False
            if self.state != "ready":
                return
            try:
                self.home.publish(self.outcome["snapshot"])
            except Busy:
                self.busy = True
            except Overtaken:
                self.home.discard(self.outcome["snapshot"])
                self._end("overtaken")
            except NothingLoaded:
                self._end("gone")
            else:
                self._end("published")

    def again(self, who: Person) -> None:
        """Try the same files against what is in service by now."""
        _allowed(who)
        with self._guard:
            if self.state == "overtaken":
                self.start()

    def discard(self, who: Person) -> None:
        """Throw away what was sent and what was built of it."""
        _allowed(who)
        with self._guard:
            if self.state in ("ready", "overtaken"):
                self._end("discarded")


_runs: dict[str, Run] = {}
_beginning = threading.Lock()


def begin(
    who: Person,
    home: Home,
    files: Sequence[tuple[str, IO[bytes]]],
    dataset: str,
    mapping: str | bytes | None = None,
    limits: Limits | None = None,
) -> Run:
    """Write what was sent into the home and start trying it. `mapping` is the name of a bundled one or the text of another.

    Raises NotAllowed, or ParcelRefused with what is wrong; then nothing stays behind.
    """
    _allowed(who)
    if not NAME.fullmatch(dataset):
        raise ParcelRefused("dataset_name", name=dataset)
    sweep(home)
    with _beginning:
        if len(open_runs(who, home)) >= MOST_OPEN:
            raise ParcelRefused("too_many_open", limit=MOST_OPEN)
        (home.path / FOLDER).mkdir(parents=True, exist_ok=True)
        with FileLock(home.path / FOLDER / "LOCK"):  # nobody sweeps the folder before its keeper is held
            run = Run(home, dataset, who)
        _runs[run.token] = run
    try:
        run.mapping = _mapping(mapping, run.folder)
        unpacked = unpack(files, run.export, limits or Limits())
        run.root, run.left_out = unpacked.root, unpacked.left_out
        if run.mapping is None:
            _describe(home, dataset, run.root)
        run.start()
    except BaseException:
        _runs.pop(run.token, None)
        run._end("failed")
        raise
    return run


def find(who: Person, token: str | None) -> Run | None:
    """An upload of this server by its token, for who may."""
    run = _runs.get(token or "")
    if run is not None and may_upload(who):
        run.seen = time.monotonic()
        return run
    return None


def open_runs(who: Person, home: Home) -> list[Run]:
    """The uploads of a home that are under way or wait for a decision."""
    return [run for run in _runs.values() if run.open and run.home.path == home.path and may_upload(who)]


def forget(run: Run) -> None:
    """An upload that is over is not needed any more."""
    if not run.open:
        _runs.pop(run.token, None)


def bundled() -> list[str]:
    """The names of the mappings that come with the product."""
    return sorted(path.stem for path in MAPPINGS.glob("*.toml"))


def sweep(home: Home) -> None:
    """Remove what uploads left whose server is gone, and those of this one that nobody looks at any more."""
    for run in list(_runs.values()):
        if time.monotonic() - run.seen > IDLE_SECONDS:
            if run.state == "running":
                run.cancel()
            elif run.open:
                run.discard(run.who)
            forget(run)
    if (home.path / FOLDER).is_dir():
        with FileLock(home.path / FOLDER / "LOCK"):
            for folder in (home.path / FOLDER).iterdir():
                if folder.is_dir() and not held(folder / "KEEPER"):
                    shutil.rmtree(folder, ignore_errors=True)
    _tidy(home)


def _tidy(home: Home) -> None:
    """What unfinished loads left goes now, or with the next load if one is under way."""
    if home.snapshots.is_dir():
        with suppress(Timeout), home.lock().acquire(timeout=0):
            home.tidy()


def _allowed(who: Person) -> None:
    if not may_upload(who):
        raise NotAllowed(f"{who.scope.role} may not bring data in")


def _mapping(mapping: str | bytes | None, folder: Path) -> Path | None:
    """The mapping file to load with. One that was sent may only speak of files that were sent with it."""
    if mapping is None:
        return None
    if isinstance(mapping, str):
        if mapping not in bundled():
            raise ParcelRefused("mapping", detail=mapping)
        return MAPPINGS / f"{mapping}.toml"
    if len(mapping) > MAPPING_BYTES:
        raise ParcelRefused("mapping", detail=f"{len(mapping):,} > {MAPPING_BYTES:,} B")
    path = folder / "mapping.toml"
    path.write_bytes(mapping)
    try:
        sources = read_mapping(path).sources.values()
    except StructuralBreach as error:
        raise ParcelRefused("mapping", detail=error.breach) from error
    for source in sources:
        parts = re.split(r"[/\\]", source.file)
        if ".." in parts or parts[0] == "" or ":" in source.file:
            raise ParcelRefused("outside", name=source.file)
    return path


def _describe(home: Home, dataset: str, root: Path) -> None:
    """Files sent without a description of themselves are of the currency, time zone and name of what they are merged into."""
    if (root / "export.toml").exists() or dataset not in home.pointer().datasets:
        return
    info = home.info(dataset)
    lines = ["[export]", f"currency = {json.dumps(info.currency)}", f"timezone = {json.dumps(info.timezone)}"]
    for name, texts in (("title", info.title), ("note", info.note)):
        lines += [f"{name}.{lang} = {json.dumps(text, ensure_ascii=False)}" for lang, text in texts.items()]
    (root / "export.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _kill_all() -> None:
    """When the server ends, so do the loads it started; what they leave goes with the next sweep."""
    for run in _runs.values():
        if run.state == "running":
            run.cancel()


atexit.register(_kill_all)
