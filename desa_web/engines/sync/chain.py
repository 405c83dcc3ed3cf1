"""Checks a whole log by itself, without a database: for bundles, and for anybody's audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from desa_web.core.i18n import _
from desa_web.engines.sync.errors import Tampered
from desa_web.engines.sync.line import (
    START,
    Blank,
    Line,
    LineError,
    Op,
    hash_of,
    is_hash,
    is_place,
    is_point,
    is_public,
    parse,
    site_of,
)


@dataclass(slots=True)
class Chain:
    """What was checked so far of the log of `site`, from its first line on."""

    site: str
    prev: str = START
    lines: int = 0
    media: set[str] = field(default_factory=set)
    _public: str = ""
    _epoch: str = ""
    _seq: int = 0
    _blanks: set[tuple[str, int]] = field(default_factory=set)

    def take(self, raws: Iterable[bytes]) -> None:
        """Check lines in the order of the log. Raises Tampered at the first that does not fit."""
        for raw in raws:
            try:
                found = parse(raw)
            except LineError as error:
                raise self._refused() from error
            if isinstance(found, Line):
                self._take(found)
            elif isinstance(found, Blank) and self._is_next(found):
                self._blanks.add((found.epoch, found.seq))
                self.prev = found.hash
            else:
                raise self._refused()
            self.lines += 1

    def end(self) -> None:
        """Nothing more comes. Raises Tampered when an erased line was never proven to be."""
        if self._blanks:
            raise self._refused()

    def _take(self, line: Line) -> None:
        fields: Any = line.fields
        if line.seq == 1 and fields["kind"] == "epoch":
            self._open(line, fields)
        elif not self._is_next(line):
            raise self._refused()
        if line.site != self.site or not line.is_signed_by(self._public, self.prev):
            raise self._refused()
        self.prev = hash_of(self.prev, line.body)
        if fields["kind"] == "key" and is_public(fields.get("key")):
            self._public = fields["key"]
        if fields["op"] == Op.ERASE:
            lines = fields.get("lines")
            places = lines if isinstance(lines, list) else ()
            self._blanks -= {(place[0], place[1]) for place in places if is_place(place)}
        self.media |= _media_of(fields)

    def _open(self, line: Line, fields: Any) -> None:
        """Begin an epoch: the first one names its key, a later one the line before it."""
        parent = fields.get("parent")
        if not self._public:
            if not is_public(fields.get("key")) or site_of(fields["key"]) != self.site:
                raise self._refused()
            self._public = fields["key"]
            if is_point(parent):
                self.prev = parent[2]
        elif parent != [self._epoch, self._seq, self.prev]:
            raise self._refused()
        self._epoch, self._seq = line.epoch, 1

    def _is_next(self, found: Line | Blank) -> bool:
        if (found.epoch, found.seq) != (self._epoch, self._seq + 1):
            return False
        self._seq += 1
        return True

    def _refused(self) -> Tampered:
        sentence = _("Baris {n} tidak cocok dengan tanda tangan desa. Minta berkas yang baru.")
        return Tampered(sentence.format(n=self.lines + 1))


def _media_of(fields: Any) -> set[str]:
    media = fields.get("media", ())
    entries = media if isinstance(media, list) else ()
    return {m["sha256"] for m in entries if isinstance(m, dict) and is_hash(m.get("sha256"))}
