"""The page store: memory in front of the folder, and the rule that nothing withdrawn is sent.

No method raises for a full, read-only, damaged or missing disk: a page is then rendered each time,
or kept in memory only. Rendering and HTTP are not done here.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from desa_web.engines.pages.ledger import Generation, Ledger, Record
from desa_web.engines.pages.page import Page, digest
from desa_web.engines.pages.shelf import Shelf, place

log = logging.getLogger("desa_web.pages")

_FAULTS = (OSError, sqlite3.Error, ValueError, KeyError, TypeError)
# Views of this many different addresses are counted between two collections.
VIEWS_LIMIT = 20_000
# A disk that could not be used is tried again after this long.
RETRY_S = 60.0


@dataclass(slots=True)
class Stats:
    """Counts since the process started; `entries` and `memory_bytes` are of this moment."""

    hits: int = 0
    loads: int = 0
    misses: int = 0
    stored: int = 0
    refused: int = 0
    dropped: int = 0
    damaged: int = 0
    faults: int = 0
    entries: int = 0
    memory_bytes: int = 0


class PageStore:
    """Kept answers of one site; any number of processes may use the same folder.

    `identity` names what the pages were made with (journal id, program version, theme hash): what
    another identity left is dropped at the start. After an unclean stop of the whole machine
    everything is dropped, since a power cut can bring deleted files back.
    """

    def __init__(
        self,
        folder: Path,
        identity: str,
        *,
        memory_bytes: int = 6 << 20,
        max_body_bytes: int = 2 << 20,
    ) -> None:
        self._memory_bytes = memory_bytes
        self._max_body_bytes = max_body_bytes
        self._shelf = Shelf(folder)
        self._ledger = Ledger(folder, identity)
        self._pages: dict[bytes, Page] = {}
        self._used_bytes = 0
        self._lock = threading.RLock()
        self._stats = Stats()
        self._views: dict[bytes, int] = {}
        self._stamp: Generation | None = None
        # Counts what this process dropped while no stamp could be had (a read-only disk).
        self._private_n = 0
        self._on_disk = False
        # The disk kept what it should have let go: it may only be used again once emptied.
        self._is_void = False
        # Another program version has taken the folder over: this process keeps nothing any more.
        self._is_superseded = False
        self._retry_at = 0.0
        self._said_at = -RETRY_S
        with self._lock:
            self._open(first=True)

    # Reading

    def hot(self, target: bytes) -> Page | None:
        """Return the page if it is in memory and still valid: no disk but one pread, no waiting."""
        if self._is_stale() and not self._refresh(wait=False):
            return None
        page = self._pages.get(target)
        if page is not None:
            page.touched = True
            self._stats.hits += 1
        return page

    def get(self, target: str) -> Page | None:
        """Return the kept answer for a raw request target, checked when it comes from disk."""
        try:
            name = target.encode("latin-1")
        except UnicodeEncodeError:
            return None
        page = self.hot(name)
        if page is not None:
            return page
        page = self._load(target, name)
        if page is None:
            self._stats.misses += 1
        return page

    def generation(self) -> Generation:
        """Take this before reading the data that a page is made from; put() wants it back."""
        if self._is_stale():
            self._refresh()
        return self._stamp or (0, self._private_n)

    # Writing

    def put(self, target: str, page: Page, keys: Iterable[str], generation: Generation) -> bool:
        """Keep an answer. False when it is too large or one of its keys was dropped meanwhile.

        On a full or faulty disk the answer is kept in memory only, and only if nothing at all was
        dropped since `generation`; so is an answer whose body is a file.
        """
        page.keys = frozenset(keys)
        name = target.encode("latin-1", "replace")
        too_large = page.file is None and page.size_bytes > self._max_body_bytes
        if not page.keys or too_large or self._is_superseded:
            self._stats.refused += 1
            return False
        with self._lock:
            if not self._on_disk and time.monotonic() > self._retry_at:
                self._open()
            if page.file is None and self._on_disk:
                try:
                    kept = self._write(target, page, generation)
                except _FAULTS as error:
                    self._note(error)
                else:
                    if kept:
                        self._stats.stored += 1
                        self._remember(name, page, self._stamp)
                    else:
                        self._stats.refused += 1
                    return kept
            # A file, or no disk to speak of: memory alone, and nothing may have been dropped.
            if self.generation() == generation:
                self._remember(name, page, generation)
                return name in self._pages
            self._stats.refused += 1
            return False

    def drop(self, keys: Iterable[str]) -> list[str]:
        """Withdraw every answer made from one of these keys; return their addresses.

        When this returns no process using this folder sends them any more.
        """
        wanted = frozenset(keys)
        if not wanted:
            return []
        with self._lock:
            held = [n for n, page in self._pages.items() if not page.keys.isdisjoint(wanted)]
            targets = {name.decode("latin-1") for name in held}
            before = self._stamp
            if self._on_disk:
                try:
                    gone, after = self._ledger.drop(wanted)
                    if after is None:
                        raise OSError("the stamp is gone")
                    for where in gone.values():
                        self._shelf.remove(where)
                    targets |= set(gone)
                    if before is not None and after == (before[0], before[1] + 1):
                        self._stamp = after
                    else:
                        # Somebody else dropped too, and we do not know what.
                        self._forget_all()
                        self._stamp = after
                except _FAULTS as error:
                    self._condemn(error)
            else:
                self._private_n += 1
            for name in held:
                self._evict(name)
            self._stats.dropped += len(targets)
            return sorted(targets)

    def sweep(self) -> int:
        """Remove bodies that a killed process left without an entry; return how many.

        The server does it once before it listens: a web server in front would serve them.
        """
        with self._lock:
            if not self._on_disk:
                return 0
            try:
                with self._ledger.places() as places:
                    return self._shelf.sweep(places)
            except _FAULTS as error:
                self._note(error)
                return 0

    def clear(self) -> None:
        """Withdraw everything."""
        with self._lock:
            self._forget_all()
            self._private_n += 1
            if self._on_disk:
                try:
                    self._ledger.claim(_boot_id())
                    self._shelf.wipe()
                    self._stamp = self._ledger.stamp()
                except _FAULTS as error:
                    self._condemn(error)

    # Counting

    def count_view(self, target: bytes) -> None:
        """Count one page that a reader sees."""
        views = self._views
        if target in views or len(views) < VIEWS_LIMIT:
            views[target] = views.get(target, 0) + 1

    def take_views(self) -> dict[str, int]:
        """Return the views per address since the last call."""
        views, self._views = self._views, {}
        return {name.decode("latin-1"): count for name, count in views.items()}

    def stats(self) -> dict[str, int]:
        """Return the counts of Stats."""
        with contextlib.suppress(*_FAULTS):
            self._stats.entries = self._ledger.count()
        self._stats.memory_bytes = self._used_bytes
        return asdict(self._stats)

    def close(self) -> None:
        """Stop cleanly: the next start trusts what is on the disk."""
        with self._lock:
            self._forget_all()
            self._on_disk = False
            self._ledger.close()
            self._stamp = None

    # Opening

    def _open(self, *, first: bool = False) -> None:
        boot = _boot_id()
        self._on_disk = False
        try:
            trusted = self._ledger.open(boot)
            if trusted and not self._is_void:
                self._ledger.keep(boot)
            elif first or self._is_void or not self._ledger.is_owned():
                self._shelf.wipe()
                self._ledger.claim(boot)
                self._is_void = False
            else:
                log.info("the page folder belongs to another program version now")
                self._is_superseded = True
                self._ledger.close_db()
                return
            self._on_disk = True
        except _FAULTS as error:
            self._do_without(error)
            if _is_corrupt(error):
                self._is_void = not (self._ledger.condemn() and self._shelf.wipe())
                # Not an index any more: the next try makes a new one.
                self._retry_at = 0.0
        self._stamp = self._ledger.stamp() if self._on_disk else None

    def _do_without(self, error: Exception) -> None:
        log.warning("pages are kept in memory only for now: %s", error)
        self._stats.faults += 1
        self._retry_at = time.monotonic() + RETRY_S

    def _is_stale(self) -> bool:
        return self._stamp is None or self._ledger.stamp() != self._stamp

    def _refresh(self, *, wait: bool = True) -> bool:
        """Another process dropped something, or the folder was taken away.

        False when another thread is at the disk and the caller does not wait.
        """
        if not self._lock.acquire(blocking=wait):
            return False
        try:
            now = self._ledger.stamp()
            if now is not None and now == self._stamp:
                return True
            if self._stamp is None and not self._on_disk:
                return True
            self._forget_all()
            if now is None or not self._on_disk:
                self._private_n += 1
                self._open()
            else:
                self._stamp = now
            return True
        finally:
            self._lock.release()

    def _note(self, error: Exception) -> None:
        """An entry could not be read or written; a corrupt index is begun anew."""
        self._stats.faults += 1
        if _is_corrupt(error):
            self._condemn(error)
        elif time.monotonic() > self._said_at + RETRY_S:
            # Once a minute is enough to say it.
            self._said_at = time.monotonic()
            log.warning("the page folder could not be used: %s", error)

    def _condemn(self, error: Exception) -> None:
        log.warning("page index is given up and begun anew: %s", error)
        self._stats.faults += 1
        self._forget_all()
        self._private_n += 1
        gone = self._ledger.condemn()
        gone = self._shelf.wipe() and gone
        self._is_void = not gone
        self._stamp = None
        self._on_disk = False
        if gone:
            self._open()

    # Disk

    def _write(self, target: str, page: Page, generation: Generation) -> bool:
        where = place(target, page)
        record = Record(
            status=page.status,
            headers=list(page.headers),
            size_bytes=page.size_bytes,
            checksum=digest(page.body),
            gz_size_bytes=len(page.gz or b""),
            gz_checksum=digest(page.gz) if page.gz is not None else "",
            keys=sorted(page.keys),
        )
        loose = "?" in target or page.status[:3] != "200"
        staged = self._shelf.stage(where, page)
        try:
            with self._ledger.adding(target, where, record, generation, loose=loose) as replaced:
                if replaced is None:
                    return False
                for old in replaced:
                    self._shelf.remove(old)
                self._shelf.settle(staged, where, has_twin=page.gz is not None)
            return True
        except _FAULTS:
            # A file without its row would never be withdrawn from a web server in front.
            self._shelf.remove(where)
            raise
        finally:
            self._shelf.discard(staged)

    def _load(self, target: str, name: bytes) -> Page | None:
        if not self._on_disk:
            return None
        stamp = self._stamp
        try:
            found = self._ledger.find(target)
            if found is None:
                return None
            where, record = found
            body = self._shelf.read(where, record.size_bytes, record.checksum)
            gz = None
            if record.gz_checksum:
                gz = self._shelf.read(f"{where}.gz", record.gz_size_bytes, record.gz_checksum)
            if body is None or (record.gz_checksum and gz is None):
                self._discard(target, where, record)
                return None
        except _FAULTS as error:
            with self._lock:
                self._note(error)
            return None
        page = Page(record.status, record.headers, body, gz, record.checksum)
        page.keys = frozenset(record.keys)
        self._stats.loads += 1
        with self._lock:
            self._remember(name, page, stamp)
        return page

    def _discard(self, target: str, where: str, record: Record) -> None:
        """Remove a damaged entry, unless another process has just replaced or dropped it."""
        with self._lock, contextlib.suppress(*_FAULTS):
            if self._ledger.find(target) == (where, record):
                self._ledger.forget(target)
                self._shelf.remove(where)
                self._stats.damaged += 1
                log.warning("a damaged page was removed: %s", where)

    # Memory

    def _remember(self, name: bytes, page: Page, stamp: Generation | None) -> None:
        """Hold a page that was valid at `stamp`, making room by second chance."""
        if stamp != (self._stamp or (0, self._private_n)) or page.cost_bytes > self._memory_bytes:
            return
        self._evict(name)
        self._pages[name] = page
        self._used_bytes += page.cost_bytes
        while self._used_bytes > self._memory_bytes:
            oldest = next(iter(self._pages))
            candidate = self._pages[oldest]
            if candidate.touched:
                candidate.touched = False
                del self._pages[oldest]
                self._pages[oldest] = candidate
            else:
                self._evict(oldest)

    def _evict(self, name: bytes) -> None:
        page = self._pages.pop(name, None)
        if page is not None:
            self._used_bytes -= page.cost_bytes

    def _forget_all(self) -> None:
        # A new dict, not clear(): the fast path may be holding the old one.
        self._pages = {}
        self._used_bytes = 0


def _is_corrupt(error: Exception) -> bool:
    """Is the index itself broken, rather than busy, full or out of reach?"""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )


def _boot_id() -> str:
    """The name of this run of the machine; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
