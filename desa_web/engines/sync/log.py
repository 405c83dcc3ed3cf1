"""The publication log of this site: lines and cursor in the database, moved in one transaction.

Appending is for the publisher and for keys; everybody else reads. Nothing here knows what an
article is.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nacl.signing import SigningKey

from desa_web.core import db, journal
from desa_web.core.errors import Conflict
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync.keys import KeyRing, public_of
from desa_web.engines.sync.line import (
    START,
    VERSION,
    Blank,
    Op,
    Point,
    Trailer,
    compact,
    hash_of,
    sign,
    site_of,
    wire,
)

MAX_LINES = 200
MAX_BYTES = 512 << 10
# After a failure a page is so small that a bad line carries it.
SMALL_BYTES = 32 << 10
ENDORSE = b"desa-key-v1\0"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log, and the place in the journal up to which it speaks."""

    site: str
    point: Point
    journal_id: str
    journal_seq: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the log said last of one object."""

    op: Op
    rev: int
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class Page:
    """Whole lines ready to be sent, with their trailer; `end` is the place after them."""

    body: bytes
    n: int
    more: bool
    end: Point


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the signature by the one before it ("" for the first)."""

    public: str
    endorsement: str


class UnknownPoints(Conflict):
    """The asker holds nothing that this log knows: another epoch, another site, or a restore."""

    code = "titik-tidak-dikenal"


def head(site: Site) -> Head | None:
    """Return the end of the log; None before the first line."""
    sql = "SELECT site, epoch, seq, hash, journal_id, journal_seq FROM sync_head WHERE id = 1"
    row = db.execute(site.database, sql).fetchone()
    if row is None:
        return None
    return Head(row[0], Point(row[1], row[2], row[3]), row[4], row[5])


def keys(site: Site) -> list[Key]:
    """Return the chain of public keys, the first one (which names the site) first."""
    sql = "SELECT public, endorsement FROM sync_key ORDER BY number"
    return [Key(public, endorsement) for public, endorsement in db.execute(site.database, sql)]


def page(
    site: Site,
    have: Sequence[Point] = (),
    *,
    max_lines: int = MAX_LINES,
    max_bytes: int = MAX_BYTES,
) -> Page:
    """Return the lines after the newest of `have`; from the first one when `have` is empty.

    Raises UnknownPoints when the asker holds something, but nothing that stands in this log.
    """
    last = head(site)
    after, end = _after(site, have)
    parts: list[bytes] = []
    size = 0
    sql = (
        "SELECT epoch, seq, hash, body, signature, erased_by FROM sync_line WHERE number > ? "
        "ORDER BY number LIMIT ?"
    )
    for row in db.execute(site.database, sql, after, max_lines):
        line = _wire(last.site if last else "", row)
        if parts and size + len(line) > max_bytes:
            break
        parts.append(line)
        size += len(line)
        end = Point(row[0], row[1], row[2])
    more = last is not None and end != last.point and bool(parts)
    trailer = Trailer(len(parts), more)
    return Page(b"".join([*parts, trailer.wire()]), len(parts), more, end)


def place_of(site: Site, digest: str) -> Point | None:
    """Return the place of the line whose hash begins with `digest` (at least 32 digits)."""
    if len(digest) < 32:
        return None
    sql = "SELECT epoch, seq, hash FROM sync_line WHERE hash >= ? AND hash < ? LIMIT 1"
    row = db.execute(site.database, sql, digest, digest + "g").fetchone()
    return Point(*row) if row else None


def said(site: Site, kind: str, object_id: str) -> Said | None:
    """Return what the log said last of an object."""
    sql = "SELECT op, rev, revision, digest FROM sync_said WHERE kind = ? AND object_id = ?"
    row = db.execute(site.database, sql, kind, object_id).fetchone()
    return Said(Op(row[0]), row[1], row[2], row[3]) if row else None


def public_ids(site: Site, kind: str) -> list[str]:
    """Return the objects of a kind that the log says are public."""
    sql = "SELECT object_id FROM sync_said WHERE kind = ? AND op = 'put' ORDER BY object_id"
    return [row[0] for row in db.execute(site.database, sql, kind)]


def counts(site: Site) -> dict[str, int]:
    """Return how many public objects of each kind the log speaks of, and its lines."""
    sql = "SELECT kind, count(*) FROM sync_said WHERE op = 'put' GROUP BY kind"
    found = {str(kind): int(n) for kind, n in db.execute(site.database, sql)}
    lines = db.execute(site.database, "SELECT max(number) FROM sync_line").fetchone()[0]
    return {**found, "lines": int(lines or 0)}


class Writer:
    """Appends lines inside one transaction; `Writer.open` holds the log until it ends."""

    def __init__(self, site: Site, key: SigningKey, last: Head, number: int) -> None:
        self._site = site
        self._key = key
        self._head = last
        self._number = number

    @classmethod
    def open(cls, site: Site, ring: KeyRing) -> Writer | None:
        """Return a writer at the end of the log, None when the secret key is not here.

        Call it inside a transaction that may write: a second process waits here.
        """
        db.execute(site.database, "UPDATE sync_head SET seq = seq WHERE id = 1")
        last = head(site)
        chain = keys(site)
        if last is None or not chain:
            return None
        key = ring.find(chain[-1].public)
        if key is None:
            return None
        number = db.execute(site.database, "SELECT max(number) FROM sync_line").fetchone()[0]
        return cls(site, key, last, number or 0)

    @property
    def head(self) -> Head:
        return self._head

    def append(
        self,
        op: Op,
        kind: str,
        object_id: str,
        content: Mapping[str, Any] | None = None,
        *,
        revision: str = "",
        digest: str = "",
    ) -> Point:
        """Sign and keep one more line; it takes the next revision number of its object."""
        before = said(self._site, kind, object_id)
        rev = before.rev + 1 if before else 1
        point = self._point(op, kind, object_id, rev, content or {})
        db.execute(
            self._site.database,
            "INSERT INTO sync_said (kind, object_id, op, rev, revision, digest) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, object_id) DO UPDATE SET "
            "op = excluded.op, rev = excluded.rev, revision = excluded.revision, "
            "digest = excluded.digest",
            kind, object_id, op.value, rev, revision, digest,
        )  # fmt: skip
        return point

    def erase(self, kind: str, object_id: str) -> Point:
        """Blank every line that speaks of the object, and say so in a line of its own."""
        sql = (
            "SELECT epoch, seq FROM sync_line WHERE kind = ? AND object_id = ? "
            "AND body IS NOT NULL ORDER BY number"
        )
        lines = [list(row) for row in db.execute(self._site.database, sql, kind, object_id)]
        point = self.append(Op.ERASE, kind, object_id, {"lines": lines})
        for epoch, seq in lines:
            db.execute(
                self._site.database,
                "UPDATE sync_line SET body = NULL, signature = NULL, erased_by = ? "
                "WHERE epoch = ? AND seq = ?",
                f"{point.epoch} {point.seq}", epoch, seq,
            )  # fmt: skip
        return point

    def rotate(self, ring: KeyRing) -> SigningKey:
        """Take a new key from the next line on; the old one signs it into the log."""
        fresh = ring.create()
        public = public_of(fresh)
        endorsement = self._key.sign(ENDORSE + bytes.fromhex(public)).signature.hex()
        self.append(Op.PUT, "key", public, {"key": public})
        _add_key(self._site, public, endorsement)
        self._key = fresh
        return fresh

    def open_epoch(self) -> None:
        """Begin a new epoch whose parent is the newest line: after a restore, or a jump back."""
        parent = self._head.point
        epoch = _new_epoch()
        # Line 0 does not exist: it stands for the place before the first line of the epoch.
        self._head = Head(
            self._head.site, Point(epoch, 0, parent.hash), self._head.journal_id,
            self._head.journal_seq,
        )  # fmt: skip
        self.append(Op.PUT, "epoch", epoch, {"parent": [parent.epoch, parent.seq, parent.hash]})

    def move_to(self, cursor: journal.Cursor) -> None:
        """Note how far in the journal the log speaks; the transaction's last statement."""
        point = self._head.point
        self._head = Head(self._head.site, point, cursor.journal_id, cursor.seq)
        db.execute(
            self._site.database,
            "UPDATE sync_head SET epoch = ?, seq = ?, hash = ?, journal_id = ?, journal_seq = ? "
            "WHERE id = 1",
            point.epoch, point.seq, point.hash, cursor.journal_id, cursor.seq,
        )  # fmt: skip

    def _point(
        self, op: Op, kind: str, object_id: str, rev: int, content: Mapping[str, Any]
    ) -> Point:
        last = self._head.point
        header = {
            "v": VERSION, "site": self._head.site, "epoch": last.epoch, "seq": last.seq + 1,
            "op": op.value, "kind": kind, "id": object_id, "rev": rev,
        }  # fmt: skip
        body = compact({**header, **content})
        signature = sign(self._key, last.hash, body)
        point = Point(last.epoch, last.seq + 1, hash_of(last.hash, body))
        self._number += 1
        db.execute(
            self._site.database,
            "INSERT INTO sync_line (number, epoch, seq, hash, kind, object_id, body, signature, "
            "erased_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '')",
            self._number, point.epoch, point.seq, point.hash, kind, object_id, body.decode(),
            signature.hex(),
        )  # fmt: skip
        self._head = Head(self._head.site, point, self._head.journal_id, self._head.journal_seq)
        return point


def begin(site: Site, ring: KeyRing, after: Point | None = None) -> Writer:
    """Start the log of a site that has none; call it inside a transaction that may write.

    The one key that is here is used again, so the site keeps its name. `after` is the newest
    place that is known to have been signed, although the database forgot it.
    """
    key = ring.only() or ring.create()
    public = public_of(key)
    _add_key(site, public, "")
    name = site_of(public)
    epoch = _new_epoch()
    first = Point(epoch, 0, after.hash if after else START)
    db.execute(
        site.database,
        "INSERT INTO sync_head (id, site, epoch, seq, hash, journal_id, journal_seq) "
        "VALUES (1, ?, ?, 0, ?, '', 0)",
        name, epoch, first.hash,
    )  # fmt: skip
    writer = Writer(site, key, Head(name, first, "", 0), 0)
    parent = [after.epoch, after.seq, after.hash] if after else None
    writer.append(Op.PUT, "epoch", epoch, {"parent": parent, "key": public})
    return writer


def abandon(site: Site) -> None:
    """Forget log and keys: this folder is a copy and becomes a site of its own."""
    for table in ("sync_line", "sync_said", "sync_head", "sync_key"):
        db.execute(site.database, f"DELETE FROM {table}")  # noqa: S608 - names of our own


def holds(site: Site, point: Point) -> bool:
    """Does this very line stand in the log?"""
    sql = "SELECT hash FROM sync_line WHERE epoch = ? AND seq = ?"
    row = db.execute(site.database, sql, point.epoch, point.seq).fetchone()
    return row is not None and row[0] == point.hash


def _after(site: Site, have: Sequence[Point]) -> tuple[int, Point]:
    """Return the number and place of the newest line that the asker and the log both hold."""
    sql = "SELECT number, hash FROM sync_line WHERE epoch = ? AND seq = ?"
    best, place = 0, Point("", 0, START)
    for point in have:
        row = db.execute(site.database, sql, point.epoch, point.seq).fetchone()
        is_same = row is not None and len(point.hash) >= 32 and row[1].startswith(point.hash)
        if is_same and row[0] > best:
            best, place = row[0], Point(point.epoch, point.seq, row[1])
    if have and not best:
        sentence = _("Titik terakhir yang Anda punya tidak ada di catatan situs ini.")
        last = head(site)
        epoch, seq = (last.point.epoch, last.point.seq) if last else ("", 0)
        raise UnknownPoints(sentence, epoch=epoch, seq=seq)
    return best, place


def _wire(name: str, row: Sequence[Any]) -> bytes:
    epoch, seq, digest, body, signature, erased_by = row
    if body is not None:
        return wire(body.encode(), bytes.fromhex(signature))
    by_epoch, by_seq = erased_by.split(" ")
    return Blank(name, epoch, seq, digest, (by_epoch, int(by_seq))).wire()


def _add_key(site: Site, public: str, endorsement: str) -> None:
    number = db.execute(site.database, "SELECT count(*) FROM sync_key").fetchone()[0] + 1
    db.execute(
        site.database,
        "INSERT INTO sync_key (number, public, endorsement) VALUES (?, ?, ?)",
        number, public, endorsement,
    )  # fmt: skip


def _new_epoch() -> str:
    return secrets.token_hex(8)
