"""A toy village for the log: notes with revisions, journaled, followed by the real publisher.

village = Village(site); village.put("a", "isi"); village.take("a"); village.follow()
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from desa_web.core import journal
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.journal import Row
from desa_web.core.site import Site
from desa_web.engines.sync import Op, Publisher, Receiver, Spoken, Statement, log


class Notes:
    """A feature with public notes: each put names a revision that never changes."""

    kind = "note"

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.live: dict[str, str] = {}

    def statements(self, site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
        if row.kind != "note":
            return []
        if row.op == "put":
            return [self._put(row.object_id, row.revision_id or "")]
        return [Statement(op=Op(row.op), object_id=row.object_id)]

    def current(self, site: Site) -> Iterator[Statement]:
        for note_id, revision in sorted(self.live.items()):
            yield self._put(note_id, revision)

    def gone(self, site: Site, object_id: str) -> Statement:
        return Statement(op=Op.UNPUBLISH, object_id=object_id)

    def _put(self, note_id: str, revision: str) -> Statement:
        content = {"text": self.texts[revision]}
        return Statement(op=Op.PUT, object_id=note_id, revision=revision, content=content)


class Village:
    """A site with notes. `follow` brings the log to the journal's head."""

    def __init__(self, site: Site, notes: Notes | None = None) -> None:
        self.site = site
        self.notes = notes or Notes()
        self.publisher = Publisher(site, [self.notes])

    @property
    def name(self) -> str:
        last = log.head(self.site)
        assert last is not None
        return last.site

    def put(self, note_id: str, text: str) -> None:
        revision = f"{note_id}-{len(self.notes.texts) + 1}"
        self.notes.texts[revision] = text
        self.notes.live[note_id] = revision
        self._record(note_id, "put", revision)

    def take(self, note_id: str, op: Op = Op.UNPUBLISH) -> None:
        self.notes.live.pop(note_id, None)
        self._record(note_id, op.value, None)

    def follow(self) -> Village:
        catch_up(self.site, self.publisher)
        return self

    def truth(self) -> dict[str, str]:
        """Return the text of every note that is public."""
        return {note_id: self.notes.texts[rev] for note_id, rev in self.notes.live.items()}

    def everything(self) -> bytes:
        """Return all lines in one page."""
        return log.page(self.site, max_lines=100_000, max_bytes=1 << 30).body

    def lines(self) -> list[bytes]:
        """Return all lines without their trailer."""
        return [line + b"\n" for line in self.everything().split(b"\n")[:-2]]

    def _record(self, note_id: str, op: str, revision: str | None) -> None:
        with journal.change(operator(self.site)) as change:
            change.record("note", note_id, op, revision=revision)


def grown(site: Site, numbers: Iterable[int] = range(30)) -> Village:
    """Return a village with some history: notes that come, change, go and come back."""
    village = Village(site).follow()
    for n in numbers:
        note = f"n{n * 7 % 11}"
        if n % 5 == 4 and note in village.notes.live:
            village.take(note, Op.DELETE if n % 2 else Op.UNPUBLISH)
        else:
            village.put(note, f'Kabar {n} 🌾 ꦗꦮ \t"<b>" ' + "isi " * (n % 13))
    return village.follow()


def seen(receiver: Receiver, source: str) -> dict[str, str]:
    """Return the notes that are public in what was received."""
    found = {}
    for (kind, object_id), held in receiver.shelf.view(source).items():
        fields = json.loads(held.body or "{}")
        if kind == "note" and fields.get("op") == "put":
            found[object_id] = fields["text"]
    return found
