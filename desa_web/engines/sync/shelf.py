"""Where a receiver keeps what it received: tables sync_source, sync_received and sync_parked.

Small on purpose: the rules are in receiver.py. All writing happens inside the caller's
transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.engines.sync.line import START, Blank, Line, Point, is_point

# What a stranger may make us keep without a valid signature.
MAX_PARKED_LINES = 2000
MAX_PARKED_BYTES = 16 << 20
# Thirteen values each: SQLite takes 999 in its oldest form.
_LINES = 64

_NOTHING = Point("", 0, START)


@dataclass(frozen=True, slots=True)
class Source:
    """A village as far as its log is known here; `publics` are its keys, the newest last."""

    site: str
    publics: tuple[str, ...] = ()
    head: Point = _NOTHING
    number: int = 0
    state: str = "ok"
    problem: str = ""
    ok_at_ms: int = 0

    @property
    def is_new(self) -> bool:
        return self.head.epoch == ""


@dataclass(frozen=True, slots=True)
class Held:
    """A line that is kept; `body` is None when it was erased."""

    number: int
    point: Point
    prev: str
    kind: str
    object_id: str
    body: str | None
    signature: str | None
    erased_by: str
    is_proven: bool
    is_orphan: bool


class Shelf:
    """The kept lines of all sources of one site."""

    def __init__(self, site: Site) -> None:
        self._database = site.database
        # Lines of a page that are not written yet: the next statement of any kind writes them.
        self._fresh: list[tuple[object, ...]] = []

    def flush(self) -> None:
        """Write the lines that `add` has kept so far, many in one statement."""
        fresh, self._fresh = self._fresh, []
        for at in range(0, len(fresh), _LINES):
            part = fresh[at : at + _LINES]
            rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 1, ?)"] * len(part))
            sql = (
                "INSERT INTO sync_received (site, epoch, seq, number, prev, hash, op, kind, "  # noqa: S608 - question marks
                f"object_id, rev, body, signature, erased_by, is_proven, is_orphan) VALUES {rows}"
            )
            db.execute(self._database, sql, *(value for row in part for value in row))

    def source(self, name: str) -> Source:
        """Return what is known of a source; a new one is not written yet."""
        sql = (
            "SELECT public, epoch, seq, hash, number, state, problem, ok_at FROM sync_source "
            "WHERE site = ?"
        )
        row = self._execute(sql, name).fetchone()
        if row is None:
            return Source(name)
        public, epoch, seq, digest, number, state, problem, ok_at = row
        point = Point(epoch, seq, digest)
        return Source(name, tuple(public.split()), point, number, state, problem, ok_at)

    def sources(self) -> list[Source]:
        rows = self._execute("SELECT site FROM sync_source ORDER BY site").fetchall()
        return [self.source(row[0]) for row in rows]

    def heads(self, names: Sequence[str]) -> dict[str, str]:
        """Return the hash of the newest line of each source that waits for no proof."""
        if not names:
            return {}
        marks = ", ".join("?" * len(names))
        sql = (
            f"SELECT site, hash FROM sync_source s WHERE site IN ({marks}) AND hash <> ? "  # noqa: S608 - marks of our own
            "AND NOT EXISTS (SELECT 1 FROM sync_received r WHERE r.site = s.site "
            "AND r.is_proven = 0 AND r.is_orphan = 0)"
        )
        return dict(self._execute(sql, *names, START).fetchall())

    def save(self, source: Source) -> None:
        self._execute(
            "INSERT INTO sync_source (site, public, epoch, seq, hash, number, state, problem, "
            "ok_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site) DO UPDATE SET "
            "public = excluded.public, epoch = excluded.epoch, seq = excluded.seq, "
            "hash = excluded.hash, number = excluded.number, state = excluded.state, "
            "problem = excluded.problem, ok_at = excluded.ok_at",
            source.site, " ".join(source.publics), source.head.epoch, source.head.seq,
            source.head.hash, source.number, source.state, source.problem, source.ok_at_ms,
        )  # fmt: skip

    def find(self, name: str, epoch: str, seq: int) -> Held | None:
        rows = list(self._held("epoch = ? AND seq = ?", name, epoch, seq))
        return rows[0] if rows else None

    def add(self, source: Source, line: Line, prev: str, *, is_orphan: bool = False) -> Source:
        """Keep a verified line and return the source after it; `flush` ends a page of them."""
        number = source.number + 1
        digest = line.hash_after(prev)
        fields = line.fields
        self._fresh.append((
            source.site, line.epoch, line.seq, number, prev, digest, fields["op"],
            fields["kind"], fields["id"], fields["rev"], line.body.decode(),
            line.signature.hex(), int(is_orphan),
        ))  # fmt: skip
        head = source.head if is_orphan else Point(line.epoch, line.seq, digest)
        # By hand: `replace` costs a tenth of all that a line needs besides its signature.
        return Source(
            source.site, source.publics, head, number, source.state, source.problem,
            source.ok_at_ms,
        )  # fmt: skip

    def add_blank(self, source: Source, blank: Blank) -> Source:
        """Keep the place of an erased line: unproven until the erase line names it."""
        after = replace(source, number=source.number + 1)
        self._execute(
            "INSERT INTO sync_received (site, epoch, seq, number, prev, hash, op, kind, object_id,"
            " rev, body, signature, erased_by, is_proven, is_orphan) "
            "VALUES (?, ?, ?, ?, ?, ?, '', '', '', 0, NULL, NULL, ?, 0, 0)",
            source.site, blank.epoch, blank.seq, after.number, source.head.hash, blank.hash,
            f"{blank.erased_by[0]} {blank.erased_by[1]}",
        )  # fmt: skip
        return replace(after, head=Point(blank.epoch, blank.seq, blank.hash))

    def fill(self, name: str, line: Line) -> None:
        """Put the whole line where only an unproven blank was kept."""
        fields = line.fields
        self._execute(
            "UPDATE sync_received SET op = ?, kind = ?, object_id = ?, rev = ?, body = ?, "
            "signature = ?, erased_by = '', is_proven = 1 WHERE site = ? AND epoch = ? AND seq = ?",
            fields["op"], fields["kind"], fields["id"], fields["rev"], line.body.decode(),
            line.signature.hex(), name, line.epoch, line.seq,
        )  # fmt: skip

    def is_confirmed(self, name: str, number: int) -> bool:
        """Did a signed line come after this one? Its signature covers all hashes before it."""
        sql = (
            "SELECT 1 FROM sync_received WHERE site = ? AND number > ? AND is_proven = 1 "
            "AND is_orphan = 0 LIMIT 1"
        )
        return self._execute(sql, name, number).fetchone() is not None

    def cut_back(self, source: Source, held: Held) -> Source:
        """Forget `held` and what came after it; return the source as it was before."""
        sql = "DELETE FROM sync_received WHERE site = ? AND number >= ? AND is_orphan = 0"
        self._execute(sql, source.site, held.number)
        point = Point(held.point.epoch, held.point.seq - 1, held.prev)
        return replace(source, head=point)

    def erase(self, name: str, epoch: str, seq: int, by: Point) -> None:
        """Forget the text of a line; its place in the chain stays."""
        self._execute(
            "UPDATE sync_received SET body = NULL, signature = NULL, erased_by = ?, is_proven = 1 "
            "WHERE site = ? AND epoch = ? AND seq = ?",
            f"{by.epoch} {by.seq}", name, epoch, seq,
        )  # fmt: skip

    def redraw(self, name: str, epoch: str, seq: int) -> None:
        """Let the log of a source run through (epoch, seq); what it does not pass is an orphan."""
        self._execute("UPDATE sync_received SET is_orphan = 1 WHERE site = ?", name)
        place: tuple[str, int] | None = (epoch, seq)
        while place is not None:
            self._execute(
                "UPDATE sync_received SET is_orphan = 0 WHERE site = ? AND epoch = ? AND seq <= ?",
                name, *place,
            )  # fmt: skip
            place = self._parent(name, place[0])

    def has_beyond(self, name: str, point: Point) -> bool:
        """Are later lines of the same epoch kept?"""
        sql = "SELECT 1 FROM sync_received WHERE site = ? AND epoch = ? AND seq > ? LIMIT 1"
        row = self._execute(sql, name, point.epoch, point.seq).fetchone()
        return row is not None

    def generation(self, name: str, epoch: str) -> int:
        """Return how many restores lie before an epoch, itself included."""
        count = 1
        while (place := self._parent(name, epoch)) is not None:
            epoch, count = place[0], count + 1
        return count

    def newest_key(self, name: str) -> str:
        """Return the key that the log took last, "" when it still has its first."""
        sql = (
            "SELECT object_id FROM sync_received WHERE site = ? AND kind = 'key' "
            "AND is_orphan = 0 ORDER BY number DESC LIMIT 1"
        )
        row = self._execute(sql, name).fetchone()
        return str(row[0]) if row else ""

    def _parent(self, name: str, epoch: str) -> tuple[str, int] | None:
        """Return the place from which an epoch goes on, if that is kept here."""
        opener = self.find(name, epoch, 1)
        parent: Any = json.loads(opener.body or "{}").get("parent") if opener else None
        is_held = is_point(parent) and self.find(name, parent[0], parent[1]) is not None
        return (parent[0], parent[1]) if is_held else None

    def newest_of(self, name: str, kind: str, object_id: str) -> Held | None:
        """Return the line that holds for one object."""
        where = "kind = ? AND object_id = ? AND is_orphan = 0"
        rows = list(self._held(where, name, kind, object_id, newest=True))
        return rows[0] if rows else None

    def view(self, name: str) -> dict[tuple[str, str], Held]:
        """Return the line that holds for each object of a source."""
        lines = self._held("is_orphan = 0 AND kind <> ''", name)
        return {(held.kind, held.object_id): held for held in lines}

    def public_count(self, name: str, kind: str) -> int:
        """Return how many objects of a kind are public at a source, without reading them."""
        sql = (
            "SELECT count(*) FROM sync_received r WHERE r.site = ? AND r.kind = ? AND "
            "r.op = 'put' AND r.is_orphan = 0 AND NOT EXISTS (SELECT 1 FROM sync_received n WHERE "
            "n.site = r.site AND n.kind = r.kind AND n.object_id = r.object_id AND "
            "n.is_orphan = 0 AND n.number > r.number)"
        )
        return int(self._execute(sql, name, kind).fetchone()[0])

    def lost(self, name: str) -> list[tuple[str, str]]:
        """Return objects that were cut off by a restore and not said again since."""
        sql = (
            "SELECT DISTINCT o.kind, o.object_id FROM sync_received o WHERE o.site = ? AND "
            "o.is_orphan = 1 AND o.op = 'put' AND o.kind NOT IN ('epoch', 'key') AND NOT EXISTS ("
            "SELECT 1 FROM sync_received n WHERE n.site = o.site AND n.kind = o.kind AND "
            "n.object_id = o.object_id AND n.is_orphan = 0 AND n.number > o.number) "
            "ORDER BY o.kind, o.object_id"
        )
        return [(row[0], row[1]) for row in self._execute(sql, name)]

    def first_unproven(self, name: str) -> int | None:
        """Return the number of the first line that is said to be erased without a proof."""
        sql = (
            "SELECT min(number) FROM sync_received "
            "WHERE site = ? AND is_proven = 0 AND is_orphan = 0"
        )
        number = self._execute(sql, name).fetchone()[0]
        return None if number is None else int(number)

    def at_or_before(self, name: str, number: int) -> Held | None:
        """Return the line of the log with this number, or the nearest one before it."""
        where = "number <= ? AND is_orphan = 0"
        rows = list(self._held(where, name, number, newest=True))
        return rows[0] if rows else None

    def park(self, name: str, epoch: str, seq: int, raw: bytes) -> bool:
        """Keep an unverified line for later; False when there is no room for more."""
        sql = "SELECT count(*), coalesce(sum(length(line)), 0) FROM sync_parked WHERE site = ?"
        lines, size = self._execute(sql, name).fetchone()
        if lines >= MAX_PARKED_LINES or size + len(raw) > MAX_PARKED_BYTES:
            return False
        self._execute(
            "INSERT INTO sync_parked (site, epoch, seq, line) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (site, epoch, seq) DO UPDATE SET line = excluded.line",
            name, epoch, seq, raw.decode(),
        )  # fmt: skip
        return True

    def unpark(self, name: str, epoch: str, seq: int) -> bytes | None:
        """Take a parked line back."""
        sql = "DELETE FROM sync_parked WHERE site = ? AND epoch = ? AND seq = ? RETURNING line"
        row = self._execute(sql, name, epoch, seq).fetchone()
        return row[0].encode() if row else None

    def tidy(self, name: str, upto: Point) -> None:
        """Forget parked lines that came in another way."""
        sql = "DELETE FROM sync_parked WHERE site = ? AND epoch = ? AND seq <= ?"
        self._execute(sql, name, upto.epoch, upto.seq)

    def parked_openers(self, name: str) -> list[bytes]:
        """Return parked first lines of epochs."""
        sql = "SELECT line FROM sync_parked WHERE site = ? AND seq = 1 ORDER BY epoch"
        return [row[0].encode() for row in self._execute(sql, name).fetchall()]

    def has_parked(self, name: str) -> bool:
        sql = "SELECT 1 FROM sync_parked WHERE site = ? LIMIT 1"
        return self._execute(sql, name).fetchone() is not None

    def testify(self, name: str, epoch: str, seq: int, raw: bytes) -> None:
        """Keep a signed line that contradicts another one."""
        self._execute(
            "INSERT INTO sync_evidence (site, epoch, seq, line) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            name, epoch, seq, raw.decode(),
        )  # fmt: skip

    def _held(self, where: str, name: str, *values: object, newest: bool = False) -> Iterator[Held]:
        order = "number DESC LIMIT 1" if newest else "number"
        sql = (
            "SELECT number, epoch, seq, hash, prev, kind, object_id, body, signature, erased_by, "  # noqa: S608 - fragments of our own
            f"is_proven, is_orphan FROM sync_received WHERE site = ? AND {where} ORDER BY {order}"
        )
        for row in self._execute(sql, name, *values):
            number, epoch, seq, digest, prev, kind, object_id, body, signature, by = row[:10]
            yield Held(
                number, Point(epoch, seq, digest), prev, kind, object_id, body, signature, by,
                bool(row[10]), bool(row[11]),
            )  # fmt: skip

    def _execute(self, sql: str, *values: object) -> Any:
        """Run a statement, which sees the lines that were added before it."""
        if self._fresh:
            self.flush()
        return db.execute(self._database, sql, *values)
