"""The follower that keeps public pages fresh: drops what the journal touched, bakes what matters.

A commit of this process has dropped its pages already (app.py); this repeats it for commits of
other processes and for a process that died in between. Baking goes through the app itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from desa_web.core.follow import CursorFile
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.engines.pages import Baker, PageStore, render_through
from desa_web.engines.pages.middleware import WsgiApp

log = logging.getLogger(__name__)

# What most readers ask for first, and feeds that machines poll.
FRONT = ("/", "/berita/")
FEEDS = ("/feed.atom", "/feed.json", "/rss.xml")
# After a clean start or `rm -rf cache` these are ready before anybody asks.
START = (*FRONT, "/pengumuman/", *FEEDS)


class PageFollower:
    """Follows the journal for the page store. One thread."""

    name = "pages"

    def __init__(self, site: Site, store: PageStore, app: WsgiApp) -> None:
        self._store = store
        self._cursor = CursorFile(site.cache / "pages.cursor")
        base_url = site.config.text("base_url") or "http://localhost"
        self._baker = Baker(store, render_through(app, base_url), first=_first)

    def cursor(self) -> Cursor | None:
        return self._cursor.read()

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        self._baker.follow((row.seq, row.keys) for row in rows)
        self._cursor.write(cursor)

    def rebuild(self, cursor: Cursor) -> None:
        self._store.clear()
        self._cursor.write(cursor)
        self.bake(START)

    def bake(self, targets: Iterable[str]) -> int:
        """Render those of these addresses that are not kept; return how many were made."""
        return self._baker.bake(targets)

    def idle(self) -> bool:
        """Bake a little of what waits; True while more waits."""
        return self._baker.idle() > 0


def _first(keys: frozenset[str]) -> list[str]:
    """Return what must be ready at once when these keys changed."""
    if keys & {"list:article", "list:announcement", "site", "menu", "theme"}:
        return [*FRONT, *FEEDS]
    return []
