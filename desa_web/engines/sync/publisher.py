"""The follower that writes the publication log: what the journal says of public things, signed.

Unlike other followers its output is no cache: lines and cursor are one transaction, and nothing
is ever written twice. It pauses, with a sentence, when signing would be wrong: the folder was
copied, or the key is still locked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from desa_web.core import db, journal
from desa_web.core.i18n import _
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.engines.sync import home, log
from desa_web.engines.sync.keys import KeyRing
from desa_web.engines.sync.line import Op, Point

logger = logging.getLogger(__name__)
# Surrogate key of public answers about the log's keys.
KEY = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is to be said of one object; `revision` names the immutable text of a put."""

    op: Op
    object_id: str
    revision: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


class Spoken(Protocol):
    """Asks which revision the log put last of an object; "" when it is not public there."""

    def __call__(self, object_id: str) -> str: ...


class Syncable(Protocol):
    """What a feature offers whose objects travel (its adapter "sync")."""

    kind: str

    def statements(self, site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
        """Return what a journal row changes for the world outside."""

    def current(self, site: Site) -> Iterator[Statement]:
        """Yield a put for all that is public now, oldest first."""

    def gone(self, site: Site, object_id: str) -> Statement:
        """Return how to take back an object that is public in the log but not any more."""


class Publisher:
    """Follows the journal for the log. One thread; a second process waits for the first."""

    name = "sync"

    def __init__(self, site: Site, sources: Sequence[Syncable]) -> None:
        self._site = site
        self._sources = sources
        self._ring = KeyRing(site.data / "keys")

    def cursor(self) -> Cursor | None:
        """Return how far the log speaks; the journal's head while signing pauses."""
        if pause(self._site) is not None:
            return journal.head(self._site)
        last = log.head(self._site)
        if last is None or not _is_newest(self._site):
            return None
        return Cursor(last.journal_id, last.journal_seq)

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """Append what the rows say, and move the cursor with it."""
        if pause(self._site) is not None:
            return
        erases = any(row.op == "erase" for row in rows)
        with self._wiped(erases), db.write(self._site.database):
            writer = log.Writer.open(self._site, self._ring)
            if writer is None or writer.head.journal_id != cursor.journal_id:
                return
            before = writer.head.point
            for row in rows:
                if row.seq > writer.head.journal_seq:
                    self._say(writer, row)
            if cursor.seq > writer.head.journal_seq:
                writer.move_to(cursor)
            after = writer.head.point
        self._note(before, after)

    def rebuild(self, cursor: Cursor) -> None:
        """Bring the log in step with what is public now; a renewed journal opens an epoch."""
        if pause(self._site) is not None:
            return
        seen = home.witness(self._site)
        with db.write(self._site.database):
            writer = log.Writer.open(self._site, self._ring)
            if writer is None:
                if log.head(self._site) is not None:
                    return
                writer = log.begin(self._site, self._ring, seen)
            elif writer.head.journal_id != cursor.journal_id or not _is_newest(self._site):
                writer.open_epoch()
            self._reconcile(writer)
            writer.move_to(cursor)
            after = writer.head.point
        home.note(self._site, after)
        self._site.stale({KEY})

    def _wiped(self, erases: bool) -> AbstractContextManager[None]:
        return db.wiping(self._site.database) if erases else nullcontext()

    def _say(self, writer: log.Writer, row: Row) -> None:
        for source in self._sources:
            for statement in source.statements(self._site, row, self._spoken(source.kind)):
                self._append(writer, source.kind, statement)

    def _reconcile(self, writer: log.Writer) -> None:
        for source in self._sources:
            there = set()
            for statement in source.current(self._site):
                there.add(statement.object_id)
                self._append(writer, source.kind, statement)
            for object_id in log.public_ids(self._site, source.kind):
                if object_id not in there:
                    self._append(writer, source.kind, source.gone(self._site, object_id))

    def _append(self, writer: log.Writer, kind: str, statement: Statement) -> None:
        """Append a statement unless the log says so already."""
        said = log.said(self._site, kind, statement.object_id)
        content = dict(statement.content)
        digest = journal.digest([statement.revision, content])
        if statement.op is Op.PUT:
            if said is not None and said.op is Op.ERASE:
                return
            if said is None or said.op is not Op.PUT or said.digest != digest:
                if statement.revision:
                    content = {"revision": statement.revision, **content}
                # Our own news has no way behind it; what a hub hands on says where it comes from.
                content = {"path": [], "origin": writer.head.site, **content}
                writer.append(
                    Op.PUT, kind, statement.object_id, content,
                    revision=statement.revision, digest=digest,
                )  # fmt: skip
        elif said is not None and said.op not in _AFTER[statement.op]:
            if statement.op is Op.ERASE:
                writer.erase(kind, statement.object_id)
            else:
                writer.append(statement.op, kind, statement.object_id, content)

    def _spoken(self, kind: str) -> Spoken:
        def spoken(object_id: str) -> str:
            said = log.said(self._site, kind, object_id)
            return said.revision if said is not None and said.op is Op.PUT else ""

        return spoken

    def _note(self, before: Point, after: Point) -> None:
        if after != before:
            home.note(self._site, after)


# What the log may say already so that the operation adds nothing.
_AFTER = {
    Op.UNPUBLISH: {Op.UNPUBLISH, Op.DELETE, Op.ERASE},
    Op.DELETE: {Op.DELETE, Op.ERASE},
    Op.ERASE: {Op.ERASE},
}


def pause(site: Site) -> str | None:
    """Return why nothing is signed now (an Indonesian sentence with the next step), or None."""
    if not home.is_at_home(site):
        return _(
            "Folder situs ini berpindah atau disalin. Pindah rumah: desa sync home moved. "
            "Salinan: desa sync home copy. Sampai dijawab, berita baru belum dikirim."
        )
    ring = KeyRing(site.data / "keys")
    chain = log.keys(site)
    if chain:
        if ring.find(chain[-1].public) is not None:
            return None
        if ring.locked_public() == chain[-1].public:
            return _("Kunci situs masih terkunci. Buka dengan kode pemulihan: desa sync unlock.")
        return _(
            "Kunci situs hilang dan salinan terkuncinya tidak ada. Mulai dengan kunci baru: "
            "desa sync home copy, lalu minta Kominfo menyambungkan desa ini lagi."
        )
    if ring.is_locked() and ring.only() is None:
        return _("Kunci situs masih terkunci. Buka dengan kode pemulihan: desa sync unlock.")
    return None


def _is_newest(site: Site) -> bool:
    """Is the log in the database as new as what was noted outside it?"""
    seen = home.witness(site)
    return seen is None or log.holds(site, seen)
