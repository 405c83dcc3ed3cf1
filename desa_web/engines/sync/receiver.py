"""Takes lines of another site's log: verifies, orders, parks gaps, never guesses.

    outcome = Receiver(site).receive(village, page_bytes)

Pages may come from anywhere, twice, shuffled, cut at any byte: each whole line either fits into
the signed chain, waits for its predecessor, is known already, or stops the page. Two signed lines
at one place are a fork: nothing more is taken from that source until a person has decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.engines.sync.line import (
    START,
    Blank,
    Line,
    LineError,
    Op,
    Point,
    Trailer,
    is_place,
    is_point,
    is_public,
    parse,
    site_of,
)
from desa_web.engines.sync.shelf import Held, Shelf, Source


class Problem(StrEnum):
    """Why a page was not taken to its end."""

    NOT_A_LINE = "not-a-line"
    OTHER_SITE = "other-site"
    BAD_SIGNATURE = "bad-signature"
    FORK = "fork"
    # The site began anew although much of it is known here: a person has to link the two.
    RESTARTED = "restarted"
    # The end of the log is here, and a line that was said to be erased is not proven to be.
    UNPROVEN_ERASURE = "unproven-erasure"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A line that was taken now. `fields` is what the village says, `body` its very bytes."""

    point: Point
    op: Op
    kind: str
    object_id: str
    fields: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a page. `is_whole`: its trailer came and counts its lines."""

    accepted: tuple[Accepted, ...] = ()
    duplicates: int = 0
    parked: int = 0
    is_whole: bool = False
    more: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """What to ask a village for: its end by `etag`, or else what comes after one of `have`."""

    etag: str
    have: tuple[Point, ...]


class Receiver:
    """Receives the logs of any number of sources into the database of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.shelf = Shelf(site)

    def receive(self, source: str, data: bytes, *, is_live: bool = False) -> Outcome:
        """Take the whole lines of `data` in one transaction; a piece after them is not looked at.

        is_live: the site itself answered just now. After a restore its word decides which of two
        epochs goes on; a file that lay about for a month does not. Whatever the data are, they
        raise nothing; Busy, DiskFull and ReadOnly leave all as it was.
        """
        with db.write(self._site.database):
            # A shelf of its own: what a page that fails has added goes away with it.
            shelf = Shelf(self._site)
            return _Session(shelf, source, self._site.clock.now_ms(), is_live=is_live).run(data)

    def resume(self, source: str) -> Resume:
        """Return where to go on with a source."""
        known = self.shelf.source(source)
        unproven = self.shelf.first_unproven(source)
        if known.is_new:
            return Resume("", ())
        top = known.number if unproven is None else unproven - 1
        etag = known.head.hash if unproven is None else ""
        return Resume(etag, tuple(self._points(source, top)))

    def etags(self, sources: Sequence[str]) -> dict[str, str]:
        """Return the heads of sources that need nothing but what comes after them, in one query."""
        return self.shelf.heads(sources)

    def _points(self, source: str, top: int) -> Sequence[Point]:
        """Return known places at 0, 1, 2, 4 … lines before `top`, back to the first."""
        found: list[Point] = []
        back = 0
        while top - back >= 1:
            held = self.shelf.at_or_before(source, top - back)
            if held is None:
                break
            if held.point not in found:
                found.append(held.point)
            back = back * 2 if back else 1
        first = self.shelf.at_or_before(source, 1)
        return found if first is None or first.point in found else [*found, first.point]


class _Session:
    """One page. Keeps the end of the source in memory and writes it once."""

    def __init__(self, shelf: Shelf, name: str, now_ms: int, *, is_live: bool) -> None:
        self._shelf = shelf
        self._now_ms = now_ms
        self._is_live = is_live
        self._source: Source = shelf.source(name)
        self._before = self._source
        self._accepted: list[Accepted] = []
        self._duplicates = 0
        self._parked = 0
        self._problem: Problem | None = None
        # The place of the last line of the page.
        self._last: tuple[str, int] | None = None
        # Lines after the newest one are held only where a restore has cut them off.
        self._has_beyond = shelf.has_beyond(name, self._source.head)

    def run(self, data: bytes) -> Outcome:
        if self._source.state == "fork":
            return Outcome(problem=Problem.FORK)
        if self._source.is_new:
            self._shelf.save(self._source)
        trailer = self._lines(data)
        if self._problem is None and self._shelf.has_parked(self._source.site):
            self._drain()
        is_end = trailer is not None and not trailer.more and self._is_newest()
        if self._problem is None and is_end and self._is_unproven():
            self._problem = Problem.UNPROVEN_ERASURE
            self._drop_tail()
        if trailer is not None and self._problem is None:
            self._source = replace(self._source, ok_at_ms=self._now_ms)
        self._source = replace(self._source, problem=self._problem or "")
        if self._source != self._before:
            self._shelf.save(self._source)
        self._shelf.flush()
        return Outcome(
            tuple(self._accepted), self._duplicates, self._parked, trailer is not None,
            trailer is not None and trailer.more, self._problem,
        )  # fmt: skip

    def _is_newest(self) -> bool:
        """Does the page go as far as we know? An old stick ends before, and proves nothing."""
        head = self._source.head
        return self._is_live or self._last == (head.epoch, head.seq)

    def _drop_tail(self) -> None:
        """Forget blanks at the very end: no log ends so, an erase line comes after them."""
        name = self._source.site
        first = self._shelf.first_unproven(name)
        held = None if first is None else self._shelf.at_or_before(name, first)
        if held is not None and not self._shelf.is_confirmed(name, held.number):
            self._source = self._shelf.cut_back(self._source, held)

    def _lines(self, data: bytes) -> Trailer | None:
        """Take line after line up to the trailer, the first problem, or a cut."""
        *lines, _cut = data.split(b"\n")
        for n, raw in enumerate(lines):
            try:
                found = parse(raw)
            except LineError:
                self._problem = Problem.NOT_A_LINE
                return None
            if isinstance(found, Trailer):
                if found.n != n:
                    self._problem = Problem.NOT_A_LINE
                    return None
                return found
            self._take(found, raw)
            if self._problem is not None:
                return None
            self._last = found.epoch, found.seq
        return None

    def _take(self, found: Line | Blank, raw: bytes) -> None:
        source = self._source
        if found.site != source.site:
            self._problem = Problem.OTHER_SITE
            return
        is_next = found.epoch == source.head.epoch and found.seq == source.head.seq + 1
        if is_next and not self._has_beyond:
            self._append(found)
            return
        held = self._shelf.find(source.site, found.epoch, found.seq)
        if held is not None:
            self._compare(held, found, raw)
        elif is_next:
            self._append(found)
        elif isinstance(found, Line) and _is_opener(found):
            self._open(found, raw)
        else:
            self._beside(found, raw)

    def _append(self, found: Line | Blank) -> None:
        """Take the line after the newest one."""
        source = self._source
        if isinstance(found, Blank):
            self._source = self._shelf.add_blank(source, found)
        elif found.is_signed_by(source.publics[-1], source.head.hash):
            self._keep(found, source.head.hash)
        else:
            self._problem = Problem.BAD_SIGNATURE

    def _keep(self, line: Line, prev: str) -> None:
        self._source = self._shelf.add(self._source, line, prev)
        self._told(line, self._source.head)

    def _told(self, line: Line, point: Point) -> None:
        """Do what a line asks of the receiver itself, and report it."""
        fields = line.fields
        op, kind = Op(fields["op"]), str(fields["kind"])
        if kind == "key" and op is Op.PUT and is_public(fields.get("key")):
            publics = (*self._source.publics, str(fields["key"]))
            self._source = replace(self._source, publics=publics)
        if op is Op.ERASE:
            self._erase(line, point)
        self._accepted.append(Accepted(point, op, kind, str(fields["id"]), fields, line.body))

    def _erase(self, line: Line, point: Point) -> None:
        """Forget the lines that an erase line names, if they speak of its object."""
        name, fields = self._source.site, line.fields
        lines = fields.get("lines")
        for place in lines if isinstance(lines, list) else ():
            if not is_place(place):
                continue
            held = self._shelf.find(name, place[0], place[1])
            is_same = held is not None and (held.kind, held.object_id) in (
                (fields["kind"], fields["id"]),
                ("", ""),
            )
            if is_same:
                self._shelf.erase(name, place[0], place[1], point)

    def _compare(self, held: Held, found: Line | Blank, raw: bytes) -> None:
        """Look at a line whose place is taken: known, the missing text of a blank, or a fork."""
        name = self._source.site
        is_known = isinstance(found, Blank) and found.hash == held.point.hash
        if not (held.is_proven or is_known or self._shelf.is_confirmed(name, held.number)):
            # Nobody signed that blank, nor anything after it: what comes now counts.
            self._source = self._shelf.cut_back(self._source, held)
            self._append(found)
        elif isinstance(found, Blank):
            # Whether it is erased is decided by the erase line alone.
            self._duplicates += 1
        elif found.hash_after(held.prev) == held.point.hash:
            self._duplicates += 1
            if held.body is None and not held.is_proven and self._is_ours(found, held.prev):
                self._shelf.fill(name, found)
                # What the village said there was not told yet.
                self._told(found, held.point)
            if held.is_orphan and self._is_live:
                self._go_through(held)
        elif self._is_ours(found, held.prev):
            self._fork(found, raw)
        else:
            self._problem = Problem.BAD_SIGNATURE

    def _open(self, line: Line, raw: bytes) -> None:
        """Take the first line of an epoch that is not known yet."""
        source = self._source
        parent: Any = line.fields.get("parent")
        if source.is_new and "key" in line.fields:
            self._begin(line, parent)
        elif source.is_new and is_point(parent):
            self._park(line, raw)
        elif not is_point(parent):
            is_ours = self._is_ours(line, START)
            self._problem = Problem.RESTARTED if is_ours else Problem.BAD_SIGNATURE
        else:
            self._continue(line, Point(parent[0], parent[1], parent[2]), raw)

    def _begin(self, line: Line, parent: Any) -> None:
        """Take the very first line: its key must be the one that the site is named after."""
        public = line.fields.get("key")
        prev = parent[2] if is_point(parent) else START
        if not is_public(public) or site_of(str(public)) != self._source.site:
            self._problem = Problem.OTHER_SITE
        elif not line.is_signed_by(str(public), prev):
            self._problem = Problem.BAD_SIGNATURE
        else:
            self._source = replace(self._source, publics=(str(public),))
            self._keep(line, prev)

    def _continue(self, line: Line, parent: Point, raw: bytes) -> None:
        """Take an epoch that goes on from a line that we must hold."""
        source = self._source
        held = self._shelf.find(source.site, parent.epoch, parent.seq)
        if held is None:
            # Which key signs here is known only when the lines before it are.
            self._park(line, raw)
        elif not line.is_signed_by(source.publics[-1], parent.hash):
            # A key that the site gave up may not take the log over again.
            is_ours = self._is_ours(line, parent.hash)
            self._problem = Problem.RESTARTED if is_ours else Problem.BAD_SIGNATURE
        elif not self._is_live and not self._is_later(parent):
            self._problem = Problem.RESTARTED
        elif held.point != parent:
            self._fork(line, raw)
        else:
            self._shelf.redraw(source.site, parent.epoch, parent.seq)
            self._keep(line, parent.hash)

    def _is_later(self, parent: Point) -> bool:
        """Does an epoch after `parent` come after more restores than the one we follow?"""
        name = self._source.site
        ours = self._shelf.generation(name, self._source.head.epoch)
        return self._shelf.generation(name, parent.epoch) + 1 > ours

    def _go_through(self, held: Held) -> None:
        """The site says that its log passes a line that we took for cut off."""
        name, head = self._source.site, self._source.head
        self._shelf.redraw(name, held.point.epoch, held.point.seq)
        # A key that the site gave up may not take the log over again.
        if (self._shelf.newest_key(name) or self._source.publics[0]) == self._source.publics[-1]:
            self._source = replace(self._source, head=held.point)
            self._has_beyond = True
        else:
            self._shelf.redraw(name, head.epoch, head.seq)
            self._problem = Problem.RESTARTED

    def _beside(self, found: Line | Blank, raw: bytes) -> None:
        """Look at a line that does not continue the log as we know it."""
        source = self._source
        before = self._shelf.find(source.site, found.epoch, found.seq - 1)
        if before is None or isinstance(found, Blank):
            self._park(found, raw)
        elif self._is_ours(found, before.point.hash):
            # Written before a restore and arriving after it: kept, so that it can be offered back.
            self._source = self._shelf.add(source, found, before.point.hash, is_orphan=True)
        else:
            self._problem = Problem.BAD_SIGNATURE

    def _park(self, found: Line | Blank, raw: bytes) -> None:
        if self._shelf.park(self._source.site, found.epoch, found.seq, raw):
            self._parked += 1

    def _drain(self) -> None:
        """Take parked lines whose predecessor has come. What does not fit is forgotten."""
        moved = True
        while moved and self._problem is None:
            moved = False
            head = self._source.head
            raw = self._shelf.unpark(self._source.site, head.epoch, head.seq + 1)
            waiting = [raw] if raw is not None else self._ready_openers()
            for one in waiting:
                with suppress(LineError):
                    found = parse(one)
                    assert not isinstance(found, Trailer)  # noqa: S101 - never parked
                    self._take(found, one)
                moved = moved or self._source.head != head
                if self._problem not in (None, Problem.FORK):
                    # It was never verified: whoever sent it, the source is not to blame.
                    self._problem = None
        self._shelf.tidy(self._source.site, self._source.head)

    def _ready_openers(self) -> list[bytes]:
        """Take out the parked first lines whose parent is held now."""
        name, ready = self._source.site, []
        for raw in self._shelf.parked_openers(name):
            line = parse(raw)
            if not isinstance(line, Line):
                continue
            parent: Any = line.fields.get("parent")
            place = (parent[0], parent[1]) if is_point(parent) else ("", 0)
            if self._shelf.find(name, *place) is not None:
                self._shelf.unpark(name, line.epoch, line.seq)
                ready.append(raw)
        return ready

    def _fork(self, line: Line, raw: bytes) -> None:
        """Two signed truths at one place: keep the proof, take nothing more."""
        self._shelf.testify(self._source.site, line.epoch, line.seq, raw)
        self._problem = Problem.FORK
        self._source = replace(self._source, state="fork")

    def _is_ours(self, line: Line, prev: str) -> bool:
        """Was the line signed by any key that this source has or had?"""
        return any(line.is_signed_by(public, prev) for public in self._source.publics)

    def _is_unproven(self) -> bool:
        return self._shelf.first_unproven(self._source.site) is not None


def _is_opener(line: Line) -> bool:
    return line.seq == 1 and line.fields["kind"] == "epoch" and line.fields["op"] == Op.PUT
