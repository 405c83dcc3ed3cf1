"""What search keeps in cache/: the index, opened when it is first needed, and texts of files.

The index is shared by all threads; a server that is never asked loads nothing. The cursor is kept
in a small file beside the index, so that following costs no loading either; whoever meets a damaged
index drops that file, and the follower, maybe in another process, makes the index anew.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from desa_web.core import settings
from desa_web.core.clock import as_utc, zone
from desa_web.core.disk import write_atomic
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


def listed_files(site: Site) -> set[str]:
    """Return the ids of the files that are in the index."""
    try:
        return set(json.loads((folder(site) / "files.json").read_text()))
    except (OSError, ValueError, TypeError):
        return set()


def list_files(site: Site, ids: Collection[str]) -> None:
    """Remember which files are in the index."""
    if set(ids) != listed_files(site):
        data = json.dumps(sorted(ids)).encode()
        write_atomic(folder(site) / "files.json", data, durable=False)


def texts_folder(site: Site) -> Path:
    return site.cache / "texts"


def text_of(site: Site, name: str) -> str:
    """Return the text that was taken out of the file with this hash, "" until it is there."""
    for suffix in (".txt", ".new"):
        with suppress(OSError):
            return (texts_folder(site) / f"{name}{suffix}").read_text("utf-8", "replace")
    return ""


def ask_for_rebuild(site: Site) -> None:
    """Let the follower make the index anew; safe to call at any time."""
    with suppress(OSError):
        (folder(site) / "cursor.json").unlink(missing_ok=True)
