"""One immutable part of the index in one file: written once, read many times from any thread.

Built from Whoosh's ordered hash tables (terms) and columns (texts, values) with posting lists of
our own: Whoosh keeps its posting blocks, schema and table of contents as pickles, which a foreign
file could abuse; nothing here is ever unpickled. A reader holds terms and postings in memory as
the very bytes whose checksum was verified; texts stay on disk, each with its own checksum.
"""

from __future__ import annotations

import heapq
import json
import os
import struct
import sys
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any

from whoosh.columns import VarBytesColumn
from whoosh.filedb.filetables import OrderedHashReader, OrderedHashWriter
from whoosh.filedb.structfile import BufferFile, StructFile

from desa_web.engines.search import analysis
from desa_web.engines.search.model import Document

FORMAT = f"2-{sys.byteorder}-{array('I').itemsize}"

_MAGIC = b"DESASEG1"
_TERM = struct.Struct("!QI")
_NO_POSTINGS = (1 << 64) - 1
_PREFIX = struct.Struct("!8sI")
_EXTRAS = struct.Struct("!cQ")
_TITLE, _TAG, _BODY, _EXTRA = 24, 12, 8, 5
"""Weight of one occurrence; a posting holds the sum in one byte. Body = 8."""
_HEAVIEST = 255
_LONGEST_NORM = 65_535
_K1, _B = 1.2, 0.75
_CACHED_POSTINGS = 150_000
_MOST_COMPLETIONS = 200
_REMEMBERED_PREFIXES = 1_000
STEM, WORD = b"s", b"w"


class Damaged(Exception):
    """Bytes on disk are not what was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a list of hits shows of a document."""

    kind: str
    id: str
    url: str
    rubric: str
    title: str
    tags: str


class _Terms(OrderedHashWriter):  # type: ignore[misc]
    """Whoosh's ordered hash table with a packed instead of a pickled trailer."""

    def _write_extras(self) -> None:
        kind = self.index.typecode.encode()
        self.dbfile.write(_EXTRAS.pack(kind, len(self.index)))
        self.index.to_file(self.dbfile)


class _TermsReader(OrderedHashReader):  # type: ignore[misc]
    def _read_extras(self) -> None:
        kind, count = _EXTRAS.unpack(self.dbfile.read(_EXTRAS.size))
        typecode = kind.decode("ascii")
        getters = {"B": "byte", "H": "ushort", "i": "int", "I": "uint", "q": "long"}
        self.indexbase = self.dbfile.tell()
        self.indexlen = count
        self.indexsize = struct.calcsize(typecode)
        self._get_pos = getattr(self.dbfile, f"get_{getters[typecode]}")


class _Collected(StructFile):  # type: ignore[misc]
    """A file in memory whose bytes survive Whoosh closing it."""

    def __init__(self) -> None:
        self.data = b""
        super().__init__(BytesIO(), onclose=self._keep)

    def _keep(self, _file: object) -> None:
        self.data = self.file.getvalue()


class _OnDisk(BufferFile):  # type: ignore[misc]
    """A part of a file read by position: no seek state, so threads can share it."""

    def __init__(self, descriptor: int, start: int) -> None:
        super().__init__(b"")
        self._descriptor, self._start = descriptor, start

    def get(self, position: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, self._start + position)


class Builder:
    """Collects documents, new ones or those of older segments, and writes them as one segment."""

    def __init__(self) -> None:
        self._ids: dict[bytes, array[int]] = {}
        self._weights: dict[bytes, bytearray] = {}
        self._uses: Counter[bytes] = Counter()
        self._roots: dict[bytes, bytes] = {}
        self._heads: list[bytes] = []
        self._bodies: list[bytes] = []
        self._lengths: array[int] = array("H")
        self._published: array[int] = array("q")
        self._kinds: dict[str, int] = {}
        self._rubrics: dict[str, int] = {}
        self._kind_of: array[int] = array("H")
        self._rubric_of: array[int] = array("H")

    def __len__(self) -> int:
        return len(self._heads)

    def add(self, document: Document) -> None:
        """Analyse a document and append it."""
        fields = (
            (analysis.clean(document.title), _TITLE),
            (analysis.clean(" ".join((*document.tags, document.rubric))), _TAG),
            (analysis.clean(document.body), _BODY),
            (analysis.clean(document.extra), _EXTRA),
        )
        length = self._index(len(self), fields)
        title, tags, body, extra = (text for text, _ in fields)
        kind, rubric = analysis.clean(document.kind), analysis.clean(document.rubric)
        head = (kind, analysis.clean(document.id), analysis.clean(document.url), rubric)
        self._append(
            "\x1f".join((*head, title, tags)).encode(),
            (f"{body}\n{extra}" if extra else body).encode(),
            (length, document.published_at),
            (kind, rubric),
        )

    def absorb(self, segment: Segment, deleted: frozenset[int]) -> None:
        """Append the living documents of an older segment without analysing them again."""
        renumbered: dict[int, int] = {}
        for old in range(segment.count):
            if old in deleted:
                continue
            renumbered[old] = len(self)
            body = segment.body_bytes(old)
            values = (segment.lengths[old], segment.published[old])
            names = (segment.kinds[segment.kind_of[old]], segment.rubrics[segment.rubric_of[old]])
            self._append(segment.head_bytes(old), body, values, names)
        for key, ids, weights, count, root in segment.entries():
            if weights is None:
                self._uses[key] += count
                continue
            if root:
                self._roots[key] = root
            for old, weight in zip(ids, weights, strict=True):
                if (new := renumbered.get(old)) is not None:
                    self._post(key, new, weight)

    def write(self, path: Path) -> tuple[int, str]:
        """Write and fsync the segment; return its size in bytes and its digest."""
        terms, postings = self._inverted()
        parts = {
            "lengths": self._lengths.tobytes(),
            "published": self._published.tobytes(),
            "kind_of": self._kind_of.tobytes(),
            "rubric_of": self._rubric_of.tobytes(),
            "sums": array("I", map(_sum, self._heads, self._bodies)).tobytes(),
            "terms": terms,
            "postings": postings,
            "heads": _column(self._heads),
            "bodies": _column(self._bodies),
        }
        header = json.dumps(
            {
                "count": len(self),
                "kinds": list(self._kinds),
                "rubrics": list(self._rubrics),
                "parts": {name: len(data) for name, data in parts.items()},
            }
        ).encode()
        digest = blake2b(digest_size=16)
        size = 0
        with path.open("xb") as file:
            for data in (_PREFIX.pack(_MAGIC, len(header)), header, *parts.values()):
                file.write(data)
                digest.update(data)
                size += len(data)
            file.flush()
            os.fsync(file.fileno())
        return size, digest.hexdigest()

    def _append(
        self, head: bytes, body: bytes, values: tuple[int, int], names: tuple[str, str]
    ) -> None:
        self._heads.append(head)
        self._bodies.append(body)
        self._lengths.append(min(values[0], _LONGEST_NORM))
        self._published.append(values[1])
        self._kind_of.append(self._kinds.setdefault(names[0], len(self._kinds)))
        self._rubric_of.append(self._rubrics.setdefault(names[1], len(self._rubrics)))

    def _index(self, number: int, fields: Sequence[tuple[str, int]]) -> int:
        found: dict[analysis.Terms, int] = {}
        implied: set[str] = set()
        length = 0
        for text, weight in fields:
            raw = analysis.tokens(text)
            length += len(raw)
            pairs = [terms for token in raw if (terms := analysis.terms_of(token))]
            for terms, count in Counter(pairs).items():
                found[terms] = found.get(terms, 0) + weight * count
            implied.update(analysis.added_words([word for _, word in pairs]))
        stems: dict[str, int] = {}
        for (root, word), weight in found.items():
            stems[root] = stems.get(root, 0) + weight
            key = WORD + word.encode()
            if word == root:
                self._uses[key] += 1
            else:
                self._roots[key] = root.encode()
                self._post(key, number, weight)
        for word in implied:
            if implied_terms := analysis.terms_of(word):
                stems.setdefault(implied_terms[0], _EXTRA)
        for root, weight in stems.items():
            self._post(STEM + root.encode(), number, weight)
        return length

    def _post(self, key: bytes, number: int, weight: int) -> None:
        ids = self._ids.get(key)
        if ids is None:
            ids = self._ids[key] = array("I")
            self._weights[key] = bytearray()
        ids.append(number)
        self._weights[key].append(weight if weight < _HEAVIEST else _HEAVIEST)

    def _inverted(self) -> tuple[bytes, bytes]:
        table, postings = _Collected(), bytearray()
        terms = _Terms(table)
        for key in sorted(self._ids.keys() | self._uses.keys()):
            ids = self._ids.get(key)
            if ids is None:
                terms.add(key, _TERM.pack(_NO_POSTINGS, self._uses[key]))
                continue
            value = _TERM.pack(len(postings), len(ids))
            terms.add(key, value + self._roots.get(key, b""))
            postings += ids.tobytes()
            postings += self._weights[key]
        terms.close()
        return table.data, bytes(postings)


class Segment:
    """A verified segment, open for reading; safe to share between threads."""

    def __init__(self, path: Path, size_bytes: int, digest: str) -> None:
        """Raises Damaged when the file is not the one that was written."""
        self.name = path.name
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Damaged(f"{path.name}: {error.strerror}") from error
        try:
            self._load(size_bytes, digest)
        except Damaged:
            raise
        except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
            raise Damaged(f"{path.name}: {error}") from error

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def _load(self, size_bytes: int, digest: str) -> None:
        if os.fstat(self._descriptor).st_size != size_bytes:
            raise Damaged(f"{self.name}: wrong size")
        magic, header_size = _PREFIX.unpack(os.pread(self._descriptor, _PREFIX.size, 0))
        if magic != _MAGIC or header_size > size_bytes:
            raise Damaged(f"{self.name}: no segment")
        header = json.loads(os.pread(self._descriptor, header_size, _PREFIX.size))
        start = _PREFIX.size + header_size
        places: dict[str, tuple[int, int]] = {}
        for name, length in header["parts"].items():
            places[name] = (start, length)
            start += length
        bodies_start = places["bodies"][0]
        hot = os.pread(self._descriptor, bodies_start, 0)
        self._verify(hot, size_bytes, digest)
        self._read(header, hot, places)

    def _verify(self, hot: bytes, size_bytes: int, digest: str) -> None:
        actual = blake2b(hot, digest_size=16)
        position = len(hot)
        while position < size_bytes:
            piece = os.pread(self._descriptor, 1 << 18, position)
            if not piece:
                break
            actual.update(piece)
            position += len(piece)
        if actual.hexdigest() != digest:
            raise Damaged(f"{self.name}: wrong checksum")

    def _read(self, header: dict[str, Any], hot: bytes, places: dict[str, tuple[int, int]]) -> None:
        def numbers(typecode: str, name: str) -> array[int]:
            start, length = places[name]
            values: array[int] = array(typecode)
            values.frombytes(hot[start : start + length])
            return values

        def buffer(name: str) -> BufferFile:
            start, length = places[name]
            return BufferFile(hot[start : start + length])

        self.count: int = header["count"]
        self.kinds: list[str] = header["kinds"]
        self.rubrics: list[str] = header["rubrics"]
        self.lengths = numbers("H", "lengths")
        self.published = numbers("q", "published")
        self.kind_of = numbers("H", "kind_of")
        self.rubric_of = numbers("H", "rubric_of")
        self._sums = numbers("I", "sums")
        self._terms = _TermsReader(buffer("terms"), places["terms"][1])
        start, length = places["postings"]
        self._postings = hot[start : start + length]
        column = VarBytesColumn()
        self._heads = column.reader(buffer("heads"), 0, places["heads"][1], self.count)
        start, length = places["bodies"]
        on_disk = _OnDisk(self._descriptor, start)
        self._bodies = column.reader(on_disk, 0, length, self.count)
        self.total_length = sum(self.lengths)
        self._cache: dict[tuple[bytes, float], dict[int, float]] = {}
        self._cached = 0
        self._lock = Lock()
        self._completed: dict[str, list[tuple[str, int]]] = {}

    def years(self, time_zone_h: int) -> array[int]:
        """Return the year of publication of every document, 0 for none."""
        if getattr(self, "_years", (None,))[0] != time_zone_h:
            zone = timezone(timedelta(hours=time_zone_h))
            years = array("H", (_year(moment, zone) for moment in self.published))
            self._years: tuple[int, array[int]] = (time_zone_h, years)
        return self._years[1]

    def frequency(self, key: bytes) -> int:
        """Return in how many documents (deleted ones too) a term is."""
        value = self._terms.get(key)
        return _TERM.unpack_from(value)[1] if value else 0

    def impacts(self, key: bytes, average_length: float) -> dict[int, float]:
        """Return {document: BM25 weight without idf} for a term; do not change it."""
        cached = self._cache.get((key, average_length))
        if cached is None:
            cached = self._impacts(key, average_length)
            with self._lock:
                if self._cached > _CACHED_POSTINGS:
                    self._cache.clear()
                    self._cached = 0
                self._cache[key, average_length] = cached
                self._cached += len(cached)
        return cached

    def _impacts(self, key: bytes, average_length: float) -> dict[int, float]:
        value = self._terms.get(key)
        offset, count = _TERM.unpack_from(value) if value else (_NO_POSTINGS, 0)
        if offset == _NO_POSTINGS:
            return {}
        ids, weights = self._posting(offset, count)
        norms = self._norms(average_length)
        return {
            number: weight / (weight + norms[number])
            for number, weight in zip(ids, weights, strict=True)
        }

    def _posting(self, offset: int, count: int) -> tuple[array[int], bytes]:
        middle = offset + count * array("I").itemsize
        ids: array[int] = array("I")
        ids.frombytes(self._postings[offset:middle])
        return ids, self._postings[middle : middle + count]

    def _norms(self, average_length: float) -> list[float]:
        norms: tuple[float, list[float]] = getattr(self, "_normed", (0.0, []))
        if norms[0] != average_length:
            base, slope = _K1 * _BODY * (1 - _B), _K1 * _BODY * _B / average_length
            norms = (average_length, [base + slope * length for length in self.lengths])
            self._normed = norms
        return norms[1]

    def entries(self) -> Iterator[tuple[bytes, Sequence[int], bytes | None, int, bytes]]:
        """Yield (key, documents, weights, count, root) of every term; weights may be missing."""
        for key, value in self._terms.items():
            offset, count = _TERM.unpack_from(value)
            if offset == _NO_POSTINGS:
                yield key, (), None, count, b""
            else:
                ids, weights = self._posting(offset, count)
                yield key, ids, weights, count, value[_TERM.size :]

    @cached_property
    def words(self) -> dict[str, int]:
        """Every surface form with the number of documents it is in, in the order of bytes."""
        return {
            key[1:].decode(): _TERM.unpack_from(value)[1]
            for key, value in self._terms.items_from(WORD)
        }

    def forms(self, root: str) -> list[str]:
        """Return the surface forms of a root, itself included."""
        return [root, *self._forms.get(root, ())]

    @cached_property
    def _forms(self) -> dict[str, list[str]]:
        forms: dict[str, list[str]] = {}
        for key, value in self._terms.items_from(WORD):
            if root := value[_TERM.size :].decode():
                forms.setdefault(root, []).append(key[1:].decode())
        return forms

    def completions(self, prefix: str) -> list[tuple[str, int]]:
        """Return the surface forms that begin with `prefix`, with their document counts."""
        if (known := self._completed.get(prefix)) is None:
            words = self._sorted_words
            start = bisect_left(words, prefix)
            stop = bisect_left(words, prefix + "\U0010ffff", start)
            known = [(word, self.words[word]) for word in words[start:stop]]
            known = heapq.nlargest(_MOST_COMPLETIONS, known, key=itemgetter(1))
            if len(self._completed) > _REMEMBERED_PREFIXES:
                self._completed.clear()
            self._completed[prefix] = known
        return known

    @cached_property
    def _sorted_words(self) -> list[str]:
        return sorted(self.words)

    @cached_property
    def numbers(self) -> dict[tuple[str, str], int]:
        """(kind, id) → number of the document."""
        return {
            tuple(self.head_bytes(number).decode().split("\x1f", 2)[:2]): number  # type: ignore[misc]
            for number in range(self.count)
        }

    def head(self, number: int) -> Head:
        return Head(*self.head_bytes(number).decode().split("\x1f"))

    def head_bytes(self, number: int) -> bytes:
        data: bytes = self._heads[number]
        return data

    def body_bytes(self, number: int) -> bytes:
        """Return the text as kept. Raises Damaged when the disk has changed it."""
        try:
            data: bytes = self._bodies[number]
        except OSError as error:
            raise Damaged(f"{self.name}: {error.strerror}") from error
        if _sum(self.head_bytes(number), data) != self._sums[number]:
            raise Damaged(f"{self.name}: text {number} has changed")
        return data


def _year(moment_ms: int, zone: timezone) -> int:
    if moment_ms == 0:
        return 0
    try:
        return datetime.fromtimestamp(moment_ms / 1000, zone).year
    except (OverflowError, OSError, ValueError):
        return 0


def _sum(head: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(head))


def _column(values: Sequence[bytes]) -> bytes:
    file = _Collected()
    writer = VarBytesColumn().writer(file)
    for number, value in enumerate(values):
        writer.add(number, value)
    writer.finish(len(values))
    file.close()
    return file.data
