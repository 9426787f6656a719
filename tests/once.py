"""Loads the same export once a run: what the first load made is laid into every other empty home that asks for it."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from dashboard.home import Home
from dashboard.load import Loaded, load

#: Where the workers of one run find each other's loads; the first process of the run says it (tests/conftest.py).
PLACE = "COLLECTIONS_TEST_LOADS"


def load_once(export: Path, home: Home, **options: Any) -> Loaded:
    """`load`, for tests about what was loaded rather than about loading: an export of the same bytes isn't loaded into an empty home again.

    A home with something in it (a merge) is always loaded into. Raises what `load` raises.
    """
    if home.pointer().datasets:
        return load(export, home, **options)
    kept = place() / _fingerprint(export, options)
    made(kept, lambda folder: _make(export, folder, options))
    home.snapshots.mkdir(parents=True, exist_ok=True)
    for file in (kept / "home" / "snapshots").glob("*.duckdb"):
        shutil.copyfile(file, home.file(file.stem))
    shutil.copyfile(kept / "home" / "CURRENT", home.path / "CURRENT")
    outcome = pickle.loads((kept / "outcome").read_bytes())
    assert isinstance(outcome, Loaded)
    return outcome


def made(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills, the first time that any process of this run asks for it; nobody sees it half filled."""
    if not folder.is_dir():
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                filling = folder.with_name(f".{folder.name}")
                shutil.rmtree(filling, ignore_errors=True)  # of a process that was ended
                filling.mkdir()
                make(filling)
                filling.rename(folder)
    return folder


def _make(export: Path, folder: Path, options: dict[str, Any]) -> None:
    outcome = load(export, Home(folder / "home"), **options)
    (folder / "outcome").write_bytes(pickle.dumps(outcome))


def _fingerprint(export: Path, options: dict[str, Any]) -> str:
    digest = sha256(repr(sorted((name, _content(value) if isinstance(value, Path) else value) for name, value in options.items())).encode())
    for path in sorted(export.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(export)}:{_content(path)}\n".encode())
    return digest.hexdigest()


def _content(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def place() -> Path:
    """The folder of this run's loads."""
    return Path(os.environ[PLACE])
