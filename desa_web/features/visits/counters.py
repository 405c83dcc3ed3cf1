"""The counts in data/counters.db: how often an object was read on a day.

    with counters(site) as kept:
        kept.add("2026-11-22", {"01a2…": 3, "/": 12})
        kept.days("2026-10-24")          {"2026-11-22": 15}
        kept.objects("2026-11-16")       {"/": 12, "01a2…": 3}

An object is an article's id or the path of another page. synchronous=NORMAL: a power cut may cost
the last seconds of counting, never content, and no commit of the site waits for this file. A broken
file is begun anew: it is worth less than a moment of anybody's time. No visitor is in it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from desa_web.core.site import Site

log = logging.getLogger(__name__)

KEPT_DAYS = 400
_BUSY_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS views (
    day    TEXT NOT NULL,
    object TEXT NOT NULL,
    n      INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (day, object)
) WITHOUT ROWID
"""


class Counters:
    """An open file of counts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, day: str, views: Mapping[str, int]) -> None:
        """Add to a day's counts and forget the days before the last KEPT_DAYS."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT INTO views (day, object, n) VALUES (?, ?, ?) "
                "ON CONFLICT (day, object) DO UPDATE SET n = n + excluded.n",
                [(day, name, n) for name, n in sorted(views.items())],
            )
            self._db.execute("DELETE FROM views WHERE day < date(?, ?)", (day, f"-{KEPT_DAYS} day"))

    def days(self, since: str) -> dict[str, int]:
        """Return the sum of each day from `since` on."""
        sql = "SELECT day, sum(n) FROM views WHERE day >= ? GROUP BY day"
        return dict(self._db.execute(sql, (since,)).fetchall())

    def objects(self, since: str, only: Sequence[str] = ()) -> dict[str, int]:
        """Return the sum of each object from `since` on, the most read first."""
        which = f"AND object IN ({', '.join('?' * len(only))})" if only else ""
        sql = (
            f"SELECT object, sum(n) FROM views WHERE day >= ? {which} "  # noqa: S608 - marks only
            "GROUP BY object ORDER BY sum(n) DESC, object"
        )
        return dict(self._db.execute(sql, (since, *only)).fetchall())


@contextmanager
def counters(site: Site, *, writable: bool = False) -> Iterator[Counters | None]:
    """Open the counts; None while nobody has counted anything. Raises sqlite3.Error, OSError."""
    file = site.data / "counters.db"
    if not writable and not file.exists():
        yield None
        return
    connection = _writable(file) if writable else _readable(file)
    try:
        yield Counters(connection)
    finally:
        connection.close()


def _readable(file: Path) -> sqlite3.Connection:
    # Without its -wal file (a read-only disk after a clean stop) it opens only as unchanging.
    alone = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    uri = f"file:{quote(str(file.resolve()))}?mode=ro{alone}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_S)


def _writable(file: Path) -> sqlite3.Connection:
    try:
        return _opened(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        log.warning("the counts of visits are broken and begun anew: %s", error)
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            with contextlib.suppress(OSError):
                file.with_name(name).unlink()
        return _opened(file)


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
