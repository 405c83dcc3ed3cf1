"""Debian's PostgreSQL for tests: started once per run on a unix socket, one database a test.

A database is copied from a template that has all migrations, which takes ~40 ms. The server
refuses to run as root, so as root it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg2

from desa_web.core import db, migrate

_TEMPLATE = "desa_template"


class Postgres:
    """A running server. `fresh_url` gives the address of a new database with the schema."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._has_template = False

    def url(self, name: str) -> str:
        return f"postgresql:///{name}?host={self._folder}&user=desa"

    @contextmanager
    def fresh_url(self) -> Iterator[str]:
        """Give the URL of a new database; it is dropped afterwards."""
        if not self._has_template:
            self._make_template()
        name = f"desa_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def empty_url(self) -> Iterator[str]:
        """Give the URL of a new database without any table."""
        name = f"desa_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _make_template(self) -> None:
        self._run(f"CREATE DATABASE {_TEMPLATE}")
        database = db.open_postgresql(self.url(_TEMPLATE))
        with db.bound(database):
            migrate.upgrade(database)
        database.close()
        self._has_template = True

    def _run(self, sql: str) -> None:
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server in a temporary folder; stop it and remove everything afterwards."""
    programs = _programs()
    user = _unprivileged()
    # A short path: a socket's address has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="desa-pg-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        _as(user, [programs / "initdb", "-D", folder / "data", "-U", "desa", "-A", "trust",
                   "-E", "UTF8", "--no-locale", "--no-sync"])  # fmt: skip
        options = (
            f"-k {folder} -h '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
            "-c shared_buffers=16MB -c max_connections=40 -c autovacuum=off"
        )
        log = folder / "log"
        data = folder / "data"
        _as(user, [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start"])
        try:
            yield Postgres(folder)
        finally:
            _as(user, [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError(
            "PostgreSQL is missing: apt-get install postgresql, or -m 'not postgres'"
        )
    return Path(on_path).parent


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as(user: pwd.struct_passwd | None, command: list[object]) -> None:
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
        **who,  # type: ignore[call-overload]
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
