"""The index of a site in this process: opened when it is first needed, shared by all threads.

A server that is never asked loads nothing. The cursor is kept in a small file beside the index, so
that following costs no loading either; whoever meets a damaged index drops that file, and the
follower, maybe in another process, makes the index anew.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from desa_web.core import settings
from desa_web.core.clock import as_utc, zone
from desa_web.core.follow import CursorFile
from desa_web.core.site import Site

if TYPE_CHECKING:
    from pathlib import Path

    from desa_web.engines.search import SearchIndex

_open: WeakKeyDictionary[Site, SearchIndex] = WeakKeyDictionary()
_opening = threading.Lock()


def folder(site: Site) -> Path:
    return site.cache / "index"


def index_of(site: Site) -> SearchIndex:
    """Return the site's index, importing the engine when this is the first time."""
    with _opening:
        found = _open.get(site)
        if found is None:
            from desa_web.engines.search import SearchIndex

            # Years begin in the village's own zone. A changed zone counts from the next start on.
            offset = as_utc(0).astimezone(zone(settings.read(site)["time_zone"])).utcoffset()
            hours = round(offset.total_seconds() / 3600) if offset is not None else 7
            found = _open[site] = SearchIndex(folder(site), time_zone_h=hours)
        return found


def opened(site: Site) -> SearchIndex | None:
    """Return the site's index if it was needed before."""
    return _open.get(site)


def cursor_file(site: Site) -> CursorFile:
    return CursorFile(folder(site) / "cursor.json")


def ask_for_rebuild(site: Site) -> None:
    """Let the follower make the index anew; safe to call at any time."""
    with suppress(OSError):
        (folder(site) / "cursor.json").unlink(missing_ok=True)
