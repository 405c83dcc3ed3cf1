"""Keeps the index in step with the journal: searchable soon after the commit, never inside it.

Nothing here may stop a server from starting: what fails (a full disk, another writer) is logged
and tried again with growing pauses, and readers search what there is meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from desa_web.core import journal
from desa_web.core.errors import DesaError
from desa_web.core.follow import Follower
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.features.search import shelf, sources
from desa_web.features.search.texts import TextFollower

if TYPE_CHECKING:
    from desa_web.engines.search import Cursor as EngineCursor

log = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0


def followers(site: Site) -> list[Follower]:
    """Return the followers that keep this site's index and the texts of its files."""
    return [IndexFollower(site), TextFollower(site)]


def rebuild_now(site: Site) -> None:
    """Make the index anew and wait for it. Raises Busy, RebuildFailed, DiskFull, ReadOnly."""
    _rebuild(site, journal.head(site))


class IndexFollower:
    """Brings the changed objects of each batch of journal rows into the index."""

    name = "search"
    # A server opens its socket without this: the page says that results are partial.
    may_wait = True

    def __init__(self, site: Site) -> None:
        self._site = site
        self._file = shelf.cursor_file(site)
        self._pause_s = 0.0
        self._rests_until = 0.0

    def cursor(self) -> Cursor | None:
        """Return how far the index has come; the index itself is asked only when it is open."""
        kept = self._file.read()
        index = shelf.opened(self._site)
        if index is None or kept is None:
            return kept
        from desa_web.engines.search import Condition

        status = index.status()
        if status.condition is Condition.NEEDS_REBUILD or status.cursor is None:
            return None
        # The file is ahead when rows touched nothing that is searched.
        is_same = status.cursor.journal_id == kept.journal_id
        return (
            kept
            if is_same and kept.seq >= status.cursor.seq
            else Cursor(status.cursor.journal_id, status.cursor.seq)
        )

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """Index what the rows touched, as it is now."""
        mine = self.cursor()
        if mine is None or mine.seq + 1 < rows[0].seq:
            return  # The batch before this one failed; the next round begins there.

        if any(row.op == "erase" for row in rows):
            # An index keeps the words of what was taken out until it is merged.
            self.rebuild(cursor)
            return

        def work() -> None:
            files = sources.file_ids(self._site)
            found = sources.changes(self._site, rows)
            # A file may become public, or cease to be, by the change of a text that links to it.
            found += sources.file_changes(self._site, files ^ shelf.listed_files(self._site))
            if found:
                shelf.index_of(self._site).apply(found, _as_theirs(cursor))
                shelf.list_files(self._site, files)
            self._file.write(cursor)

        self._patiently(work)

    def rebuild(self, cursor: Cursor) -> None:
        """Make the index anew in a child process; the old one answers meanwhile."""

        def work() -> None:
            log.info("making the search index anew")
            began = time.monotonic()
            _rebuild(self._site, cursor)
            log.info("the search index is made after %.1f s", time.monotonic() - began)

        self._patiently(work)

    def _patiently(self, work: Callable[[], None]) -> None:
        if time.monotonic() < self._rests_until:
            return
        from desa_web.engines.search import IndexDamaged

        try:
            work()
            self._pause_s = 0.0
        except IndexDamaged as error:
            log.warning("the search index is damaged: %s", error.reason)
            shelf.ask_for_rebuild(self._site)
        except (DesaError, OSError) as error:
            self._pause_s = min(max(_FIRST_PAUSE_S, self._pause_s * 2), _LONGEST_PAUSE_S)
            self._rests_until = time.monotonic() + self._pause_s
            log.warning("the search index waits %.0f s: %s", self._pause_s, error)


def _rebuild(site: Site, cursor: Cursor) -> None:
    files = sources.file_ids(site)
    shelf.index_of(site).rebuild(sources.everything(site), _as_theirs(cursor))
    shelf.list_files(site, files)
    shelf.cursor_file(site).write(cursor)


def _as_theirs(cursor: Cursor) -> EngineCursor:
    from desa_web.engines.search import Cursor as EngineCursor

    return EngineCursor(cursor.journal_id, cursor.seq)
