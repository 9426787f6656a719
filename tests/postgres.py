"""A PostgreSQL server of the tests' own: started in a folder of its own on a socket, gone afterwards; knows nothing of the product."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

#: Who runs it where the tests are run by root, which PostgreSQL refuses.
SERVANTS = ("postgres", "nobody")


class NoPostgres(RuntimeError):
    """No server could be started; says why."""


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH, or where Debian keeps the newest version."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl"):
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """A running server; `database(name)` makes a database and says its URL."""

    def __init__(self) -> None:
        tools = binaries()
        if tools is None:
            raise NoPostgres("neither on the PATH nor in /usr/lib/postgresql: apt-get install postgresql (bash .ci/postgres does it)")
        self._tools = tools
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._as: list[str] = []
        if os.geteuid() == 0:
            servant = next((name for name in SERVANTS if name in {user.pw_name for user in pwd.getpwall()}), None)
            if servant is None:
                raise NoPostgres(f"root may not run it and there is no user {' or '.join(SERVANTS)}")
            shutil.chown(self._folder, servant)
            self._as = ["runuser", "-u", servant, "--"]
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off -c shared_buffers=16MB"
        self._run("pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", options, "start")
        self._made = 0

    def _run(self, tool: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._tools / tool), *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, timeout=90,
        )  # fmt: skip
        if done.returncode:
            raise NoPostgres(f"{tool}: {done.stdout.decode(errors='replace')[-500:]}")

    def database(self) -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(host=str(self._folder), user="tests", dbname="postgres", autocommit=True) as connection:
            connection.execute(SQL("create database {}").format(Identifier(name)))
        return f"postgresql://tests@/{name}?host={self._folder}"

    def stop(self) -> None:
        """End it and remove what it kept."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)
