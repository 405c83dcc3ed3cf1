"""Followers: what readers see is made from the journal by these, after the commit.

A follower keeps its own cursor beside its output. `catch_up` feeds it the rows it has not seen;
an unknown journal (a restore) or a missing cursor means rebuild. The worker runs one thread per
follower and the ticker of core/due.py, in one process at a time, elected by a lock.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from desa_web.core import db, due, journal, memory
from desa_web.core.disk import FileLock, write_atomic
from desa_web.core.journal import Cursor, Row

if TYPE_CHECKING:
    from desa_web.core.site import Site

log = logging.getLogger(__name__)
BATCH = 200
# How often a worker looks for changes of other processes; own commits wake it at once.
POLL_S = 0.5
BEAT_S = 10.0
# A round of so much computing has used memory that is worth a few milliseconds to give back.
_MUCH_S = 0.2


class Follower(Protocol):
    """Makes one disposable output. All methods are idempotent and run in one thread.

    One that has work for quiet moments also offers `idle() -> bool`: do a little, true while more
    is left.
    """

    name: str

    def cursor(self) -> Cursor | None:
        """Return how far the output has come; None when it must be rebuilt."""

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """Bring the output forward by `rows` and keep `cursor` beside it."""

    def rebuild(self, cursor: Cursor) -> None:
        """Make the output anew from the current state and keep `cursor` beside it."""


class CursorFile:
    """A follower's cursor in a file beside its output."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Cursor | None:
        try:
            value = json.loads(self._path.read_text())
            return Cursor(str(value["journal_id"]), int(value["seq"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, cursor: Cursor) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"journal_id": cursor.journal_id, "seq": cursor.seq})
        write_atomic(self._path, text.encode(), durable=False)


def catch_up(site: Site, follower: Follower) -> int:
    """Bring `follower` to the head of the journal; return how many rows it took."""
    head = journal.head(site)
    cursor = follower.cursor()
    if cursor is None or cursor.journal_id != head.journal_id or cursor.seq > head.seq:
        follower.rebuild(head)
        return 0
    taken = 0
    while rows := journal.read(site, cursor.seq, BATCH):
        cursor = Cursor(head.journal_id, rows[-1].seq)
        follower.apply(rows, cursor)
        taken += len(rows)
    return taken


def once(site: Site, followers: Sequence[Follower], handlers: Mapping[str, due.Handler]) -> int:
    """Work what is due and catch up with every follower once; return the rows taken."""
    with site.bound():
        due.tick(site, handlers)
        return sum(catch_up(site, follower) for follower in followers)


class Worker:
    """The threads that follow. `start`, `wake` after a commit, `stop`."""

    def __init__(
        self, site: Site, followers: Sequence[Follower], handlers: Mapping[str, due.Handler]
    ) -> None:
        self._site = site
        self._handlers = handlers
        self._stopping = threading.Event()
        self._elected = threading.Event()
        self._wakes = {follower.name: threading.Event() for follower in followers}
        self._threads = [threading.Thread(target=self._tick, name="ticker", daemon=True)]
        for follower in followers:
            name = f"follow-{follower.name}"
            self._threads.append(
                threading.Thread(target=self._follow, args=(follower,), name=name, daemon=True)
            )

    def start(self) -> None:
        self._site.on_commit.append(self._on_commit)
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        for event in self._wakes.values():
            event.set()

    def stop(self, timeout_s: float = 10) -> None:
        self._stopping.set()
        self._elected.set()
        self.wake()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _on_commit(self, _rows: Sequence[Row]) -> None:
        self.wake()

    def _tick(self) -> None:
        with self._site.bound():
            lock = Election(self._site)
            beaten_at = -BEAT_S
            try:
                while not self._stopping.is_set():
                    if lock.try_win():
                        self._elected.set()
                        if time.monotonic() - beaten_at >= BEAT_S:
                            beaten_at = time.monotonic()
                            beat(self._site)
                        self._guarded("ticker", lambda: due.tick(self._site, self._handlers))
                    self._stopping.wait(POLL_S)
            finally:
                lock.release()
                self._site.close()

    def _follow(self, follower: Follower) -> None:
        self._elected.wait()
        wake = self._wakes[follower.name]
        with self._site.bound():
            try:
                while not self._stopping.is_set():
                    wake.clear()
                    began_s = time.thread_time()
                    self._guarded(follower.name, lambda: catch_up(self._site, follower))
                    self._guarded(follower.name, lambda: self._be_idle(follower, wake))
                    if time.thread_time() - began_s > _MUCH_S:
                        self._guarded(follower.name, self._tidy)
                    wake.wait(POLL_S)
            finally:
                self._site.close()

    def _be_idle(self, follower: Follower, wake: threading.Event) -> None:
        idle = getattr(follower, "idle", None)
        while idle is not None and not wake.is_set() and idle():
            pass

    def _tidy(self) -> None:
        """Give back what an index or a round of pages took for a moment."""
        db.shrink(self._site.database)
        memory.give_back()

    def _guarded(self, name: str, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except Exception as error:
            # A follower that fails (disk full, a bug) tries again; the site goes on serving.
            log.warning("%s: %s", name, error, exc_info=not isinstance(error, OSError))
            self._stopping.wait(2.0)


class Election:
    """One worker per site: a file lock, or an advisory lock where machines share PostgreSQL."""

    _KEY = 0x64657361  # "desa"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._file = FileLock(site.data / "worker.lock")
        self._won = False

    def try_win(self) -> bool:
        if self._won:
            return True
        if db.is_sqlite(self._site.database):
            self._won = self._file.try_acquire()
        else:
            sql = "SELECT pg_try_advisory_lock(?)"
            self._won = bool(db.execute(self._site.database, sql, self._KEY).fetchone()[0])
        return self._won

    def release(self) -> None:
        self._file.release()
        if self._won and not db.is_sqlite(self._site.database):
            db.execute(self._site.database, "SELECT pg_advisory_unlock(?)", self._KEY)
        self._won = False


def beat(site: Site) -> None:
    """Leave a visible sign that the worker lives (read by /sehat and `desa doctor`)."""
    text = json.dumps({"pid": os.getpid(), "monotonic_s": site.clock.monotonic_s()})
    try:
        site.cache.mkdir(exist_ok=True)
        write_atomic(site.cache / "worker.json", text.encode(), durable=False)
    except OSError as error:
        log.warning("the worker cannot leave its sign: %s", error)


def beat_age_s(site: Site) -> float | None:
    """Return the seconds since the last sign of a worker of this boot; None when there is none."""
    try:
        value = json.loads((site.cache / "worker.json").read_text())
        age = site.clock.monotonic_s() - float(value["monotonic_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return age if age >= 0 else None
