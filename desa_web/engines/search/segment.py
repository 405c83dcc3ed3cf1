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
_K1, _B = 1.2, 0.5
_RECENCY = 0.1
_YEAR_MS = 365.25 * 86_400_000
_CACHED_POSTINGS = 110_000
_MOST_COMPLETIONS = 60
_REMEMBERED_PREFIXES = 200
_REMEMBERED_TEXTS = 64
_REMEMBERED_LENGTH = 20_000
STEM, WORD = b"s", b"w"


Posting = tuple["array[int]", bytearray]
"""(documents, weights) of a term."""


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
        self._stems: dict[str, Posting] = {}
        self._words: dict[str, Posting] = {}
        self._roots: dict[str, str] = {}
        self._uses: Counter[str] = Counter()
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
            text = key[1:].decode()
            if weights is None:
                self._uses[text] += count
                continue
            if root:
                self._roots[text] = root.decode()
            posting = _posting_in(self._words if root else self._stems, text)
            for old, weight in zip(ids, weights, strict=True):
                if (new := renumbered.get(old)) is not None:
                    posting[0].append(new)
                    posting[1].append(weight)

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
        terms_of = analysis.terms_of
        for text, weight in fields:
            raw = analysis.tokens(text)
            length += len(raw)
            present = set()
            for token, count in Counter(raw).items():
                if terms := terms_of(token):
                    found[terms] = found.get(terms, 0) + weight * count
                    present.add(terms[1])
            implied.update(analysis.implied_words(present, raw))
        stems: dict[str, int] = {}
        for terms, weight in found.items():
            root, word = terms
            stems[root] = stems.get(root, 0) + weight
            if word == root:
                self._uses[word] += 1
            else:
                self._roots[word] = root
                ids, weights = _posting_in(self._words, word)
                ids.append(number)
                weights.append(weight if weight < _HEAVIEST else _HEAVIEST)
        for word in implied:
            if implied_terms := terms_of(word):
                stems.setdefault(implied_terms[0], _EXTRA)
        for root, weight in stems.items():
            ids, weights = _posting_in(self._stems, root)
            ids.append(number)
            weights.append(weight if weight < _HEAVIEST else _HEAVIEST)
        return length

    def _inverted(self) -> tuple[bytes, bytes]:
        table, postings = _Collected(), bytearray()
        terms = _Terms(table)
        for key, posting, count, root in self._sorted_terms():
            if posting is None:
                terms.add(key, _TERM.pack(_NO_POSTINGS, count))
                continue
            terms.add(key, _TERM.pack(len(postings), len(posting[0])) + root)
            postings += posting[0].tobytes()
            postings += posting[1]
        terms.close()
        return table.data, bytes(postings)

    def _sorted_terms(self) -> list[tuple[bytes, Posting | None, int, bytes]]:
        rows: list[tuple[bytes, Posting | None, int, bytes]] = []
        for root, posting in self._stems.items():
            if posting[0]:
                rows.append((STEM + root.encode(), posting, 0, b""))
        for word, posting in self._words.items():
            if posting[0]:
                rows.append((WORD + word.encode(), posting, 0, self._roots[word].encode()))
        for word, count in self._uses.items():
            rows.append((WORD + word.encode(), None, count, b""))
        return sorted(rows, key=itemgetter(0))


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
        self._numbers = list(range(self.count))
        self._cache: dict[bytes, dict[int, int]] = {}
        self._normed: tuple[float, list[float]] = (0.0, [])
        self._aged: tuple[int, list[float]] = (-1, [])
        self._years: tuple[int, array[int], dict[int, str]] | None = None
        self._cached = 0
        self._lock = Lock()
        self._texts: dict[int, str] = {}
        self._completed: dict[str, list[tuple[str, int]]] = {}

    def years(self, time_zone_h: int) -> tuple[array[int], dict[int, str]]:
        """Return the year of publication of every document, and the years with their names."""
        held = self._years
        if held is None or held[0] != time_zone_h:
            zone = timezone(timedelta(hours=time_zone_h))
            years = array("H", (_year(moment, zone) for moment in self.published))
            names = {year: str(year) if year else "" for year in sorted(set(years))}
            held = self._years = (time_zone_h, years, names)
        return held[1], held[2]

    def frequency(self, key: bytes) -> int:
        """Return in how many documents (deleted ones too) a term is."""
        value = self._terms.get(key)
        return _TERM.unpack_from(value)[1] if value else 0

    def postings(self, key: bytes) -> dict[int, int]:
        """Return {document: weight} for a term, deleted documents too; do not change it."""
        cached = self._cache.get(key)
        if cached is None:
            cached = self._read_postings(key)
            with self._lock:
                self._cached += len(cached) - len(self._cache.pop(key, ()))
                self._cache[key] = cached
                while self._cached > _CACHED_POSTINGS and len(self._cache) > 1:
                    self._cached -= len(self._cache.pop(next(iter(self._cache))))
        return cached

    def _read_postings(self, key: bytes) -> dict[int, int]:
        value = self._terms.get(key)
        offset, count = _TERM.unpack_from(value) if value else (_NO_POSTINGS, 0)
        if offset == _NO_POSTINGS:
            return {}
        ids, weights = self._posting(offset, count)
        # One int object a document for all postings: half the memory, and no crumbs left of it.
        return dict(zip(map(self._numbers.__getitem__, ids), weights, strict=True))

    def _posting(self, offset: int, count: int) -> tuple[array[int], bytes]:
        middle = offset + count * array("I").itemsize
        ids: array[int] = array("I")
        ids.frombytes(self._postings[offset:middle])
        return ids, self._postings[middle : middle + count]

    def norms(self, average_length: float) -> list[float]:
        """Return for every document what BM25 adds to a weight below the line."""
        held = self._normed
        if held[0] != average_length:
            base, slope = _K1 * _BODY * (1 - _B), _K1 * _BODY * _B / average_length
            held = (average_length, [base + slope * length for length in self.lengths])
            self._normed = held
        return held[1]

    def freshness(self, newest: int) -> list[float]:
        """Return for every document a factor that is higher the nearer it is to `newest`."""
        held = self._aged
        if held[0] != newest:
            factors = [
                1.0 + _RECENCY / (1.0 + max(newest - moment, 0) / _YEAR_MS)
                for moment in self.published
            ]
            held = self._aged = (newest, factors)
        return held[1]

    @cached_property
    def newest(self) -> int:
        return max(self.published, default=0)

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

    def text(self, number: int) -> str:
        """Return body and extra text. Raises Damaged when the disk has changed it."""
        # Ranking and snippet want the same few texts one after the other.
        held = self._texts.get(number)
        if held is None:
            held = self.body_bytes(number).decode()
            if len(held) <= _REMEMBERED_LENGTH:
                if len(self._texts) >= _REMEMBERED_TEXTS:
                    self._texts.clear()
                self._texts[number] = held
        return held

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


def _posting_in(postings: dict[str, Posting], text: str) -> Posting:
    posting = postings.get(text)
    if posting is None:
        posting = postings[text] = (array("I"), bytearray())
    return posting


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
