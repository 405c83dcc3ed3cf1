"""The texts of files, kept in cache/texts and brought into the index when they are ready.

Taking a text out of a PDF may need many seconds, so it has a follower, and thereby a thread, of
its own: news is searchable meanwhile, and the file by its title.

A text is `<hash>.new` until the index has it, then `<hash>.txt`: a kill between the two repeats
the last step only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from desa_web.core.disk import write_atomic
from desa_web.core.errors import DesaError
from desa_web.core.follow import CursorFile
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.features.search import pdf, shelf, sources

log = logging.getLogger(__name__)


class TextFollower:
    """Keeps cache/texts in step with the public files."""

    name = "texts"
    may_wait = True

    def __init__(self, site: Site) -> None:
        self._site = site
        self._folder = shelf.texts_folder(site)
        self._file = CursorFile(self._folder / "cursor.json")

    def cursor(self) -> Cursor | None:
        return self._file.read()

    def apply(self, _rows: Sequence[Row], cursor: Cursor) -> None:
        """Take out the texts that are missing: any change may have made a file public."""
        self.rebuild(cursor)

    def rebuild(self, cursor: Cursor) -> None:
        """Take out the texts that are missing and drop those of files that are gone.

        The cursor stays where it was while the index could not take a text.
        """
        known = set()
        is_done = True
        for source, object_id, path in list(self._files()):
            known.add(path.name)
            if not (self._folder / f"{path.name}.txt").exists():
                self._take_out(path)
                is_done = self._bring_in(source, object_id, path) and is_done
        for kept in (*self._folder.glob("*.txt"), *self._folder.glob("*.new")):
            if kept.stem not in known:
                kept.unlink(missing_ok=True)
        if is_done:
            self._file.write(cursor)

    def _files(self) -> Iterator[tuple[sources.Searchable, str, Path]]:
        for source in sources.sources():
            if isinstance(source, sources.HasFiles):
                for object_id, path in source.files(self._site, None):
                    yield source, object_id, path

    def _take_out(self, path: Path) -> None:
        fresh = self._folder / f"{path.name}.new"
        if fresh.exists():
            return
        try:
            text = pdf.text_of(path)
        except FileNotFoundError:
            text = ""  # `desa doctor` names files that were lost.
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(fresh, text.encode(), durable=False)

    def _bring_in(self, source: sources.Searchable, object_id: str, path: Path) -> bool:
        index = shelf.index_of(self._site)
        at = index.status().cursor
        if at is None:
            return False
        try:
            # The index's own cursor; if it went on meanwhile, some rows are taken once more.
            index.apply(sources.renewed(self._site, source, {object_id}), at)
        except DesaError as error:
            log.info("the text of a file waits for the index: %s", error)
            return False
        (self._folder / f"{path.name}.new").replace(self._folder / f"{path.name}.txt")
        return True
