"""Renditions are made from the journal: eagerly, newest photo first, never in a page request.

The cursor lies beside the pictures, so `rm -rf cache` makes everything again. A photo that cannot
be worked becomes a state with its reason, kept beside the others; only `desa media rebuild` tries
it again. A busy server is not the photo's fault: it gets five tries.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Sequence

from desa_web.core import db, journal
from desa_web.core.disk import free_bytes
from desa_web.core.errors import DiskFull
from desa_web.core.follow import CursorFile, Follower
from desa_web.core.i18n import _
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.engines.images import PhotoBusy, PhotoRefused
from desa_web.features.media import masters
from desa_web.features.media.models import PhotoRow
from desa_web.features.media.renditions import KEY_DIGITS, State, renditions

log = logging.getLogger(__name__)
MAX_TRIES = 5
_PAUSE_S = 1.0
_MIN_FREE_BYTES = 8 << 20
_WORK = frozenset({"add", "replace", "restore"})


def followers(site: Site) -> list[Follower]:
    """Return the follower that makes this site's renditions."""
    return [RenditionFollower(site)]


class RenditionFollower:
    """Keeps cache/renditions in step with the photos of the library."""

    name = "renditions"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shelf = renditions(site)
        self._cursor = CursorFile(self._shelf.folder / "cursor.json")

    def cursor(self) -> Cursor | None:
        return self._cursor.read()

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """Make the renditions of the photos that came in, then keep the cursor."""
        wanted = [row.object_id for row in rows if row.kind == "media" and row.op in _WORK]
        for photo_id in dict.fromkeys(wanted):
            row = PhotoRow.get_or_none(PhotoRow.id == photo_id)
            if row is not None:
                self.make(row.id, row.master_sha256)
        self._cursor.write(cursor)

    def rebuild(self, cursor: Cursor) -> None:
        """Make all renditions that are missing, newest photo first, and drop strangers."""
        self._shelf.begin()
        for photo_id, master in self._missing():
            self.make(photo_id, master)
        self._drop_strangers()
        self._cursor.write(cursor)

    def make(self, photo_id: str, master_sha256: str) -> State:
        """Make one master's renditions unless they are there; the outcome is kept either way.

        Raises DiskFull, Busy or OSError when the server, not the photo, is the reason.
        """
        known = self._shelf.state(master_sha256)
        if known is not None and known.is_final and (known.reason or self._shelf.is_whole(known)):
            return known
        if free_bytes(self._site.cache) < _MIN_FREE_BYTES:
            raise DiskFull(_("Ruang server habis. Foto baru diolah lagi setelah ada ruang."))
        state = self._made(master_sha256, known.tries if known else 0)
        self._shelf.write(state)
        if state.is_final:
            self._site.stale({f"media:{photo_id}"})
        return state

    def _made(self, master_sha256: str, tries: int) -> State:
        photo = masters.path_of(self._site, master_sha256)
        if not photo.exists():
            sentence = _("Berkas induk foto ini hilang dari server. Pulihkan dari cadangan.")
            return State(master_sha256, reason="induk-hilang", sentence=sentence)
        while True:
            try:
                made = masters.studio().renditions(photo, self._shelf.folder_of(master_sha256))
                return State(master_sha256, renditions=tuple(made))
            except PhotoRefused as error:
                log.warning("no renditions for %s: %s", master_sha256[:12], error.reason)
                return State(master_sha256, reason=str(error.reason), sentence=str(error))
            except PhotoBusy as error:
                tries += 1
                if tries >= MAX_TRIES:
                    log.warning("gave up on %s: the server was busy", master_sha256[:12])
                    return State(master_sha256, reason=error.code, sentence=str(error), tries=tries)
                self._shelf.write(State(master_sha256, tries=tries, is_final=False))
                time.sleep(_PAUSE_S)

    def _missing(self) -> Iterator[tuple[str, str]]:
        """Yield photos without renditions, newest first; one that comes in meanwhile is next."""
        done: set[str] = set()
        seen = -1
        waiting: list[tuple[str, str]] = []
        while True:
            head = journal.head(self._site).seq
            if head != seen:
                seen = head
                waiting = [one for one in self._all() if one[1] not in done][::-1]
            if not waiting:
                return
            photo_id, master = waiting.pop()
            done.add(master)
            yield photo_id, master

    def _all(self) -> list[tuple[str, str]]:
        sql = (
            "SELECT id, master_sha256 FROM photo WHERE trashed_at IS NULL "
            "ORDER BY created_at DESC, id DESC"
        )
        return [(str(i), str(master)) for i, master in db.execute(self._site.database, sql)]

    def _drop_strangers(self) -> None:
        rows = db.execute(self._site.database, "SELECT master_sha256 FROM photo")
        known = {str(row[0])[:KEY_DIGITS] for row in rows}
        for folder in self._shelf.folders():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
