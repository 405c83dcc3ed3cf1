"""Find and order the documents of a snapshot that answer a parsed query.

BM25 over weighted occurrences (title > tags > body), the exact form above other forms of the root,
all words before fewer, neighbouring words together, the newer a little first. Reads no page and
makes no snippet.
"""

from __future__ import annotations

import heapq
import itertools
import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from desa_web.engines.search import analysis
from desa_web.engines.search.model import FacetCount, Facets, Query
from desa_web.engines.search.parse import Parsed, Word
from desa_web.engines.search.segment import STEM, WORD, Damaged, Segment
from desa_web.engines.search.store import Part, Snapshot

_SURFACE = 0.3
"""Weight of the exact form beside its root; measured, FACTS "Search"."""
_COORDINATION = 1.0
_ENOUGH_COVER = 0.5
"""Fewer-words results count when they hold this share of what the best one holds."""
_MOST_CANDIDATES = 3_000
"""Once so many documents hold the rarer words, frequent words only add to their scores."""
_PHRASE_BONUS = 0.25
_LOOKED_AT = 12
"""So many of the best are looked at for neighbouring words."""
_MOST_PHRASE_READS = 1_000
_ALL_WORDS_FIRST = 1_000.0
_MOST_PAIRS = 6
_MONTH_MS = 30 * 86_400_000

Ref = tuple[int, int]
"""(part, document) within a snapshot."""


@dataclass(frozen=True, slots=True)
class Ranking:
    refs: tuple[tuple[float, Ref], ...]
    """The wanted page, best first."""
    total: int
    is_total_exact: bool
    has_all_words: bool
    facets: Facets
    is_damaged: bool


def document_frequency(snapshot: Snapshot, word: Word) -> int:
    """Return in how many documents the root of a word is."""
    key = STEM + word.root.encode()
    return sum(part.segment.frequency(key) for part in snapshot.parts)


def rank(snapshot: Snapshot, parsed: Parsed, query: Query, time_zone_h: int) -> Ranking:
    """Return the page of `query` from `snapshot`."""
    return _Search(snapshot, parsed, query, time_zone_h).run()


class _Search:
    """One query's work; the values that every step needs."""

    def __init__(self, snapshot: Snapshot, parsed: Parsed, query: Query, time_zone_h: int) -> None:
        self._parts = snapshot.parts
        self._parsed = parsed
        self._query = query
        self._zone = time_zone_h
        count = sum(part.segment.count for part in self._parts)
        length = sum(part.segment.total_length for part in self._parts)
        # Rounded, so that a commit does not make all remembered weights void.
        self._average = 1.1 ** round(math.log(max(length / max(count, 1), 1.0), 1.1))
        self._idf = {word: _idf(document_frequency(snapshot, word), count) for word in parsed.words}
        # By the month, so that what is remembered of the ages lasts.
        newest = max((part.segment.newest for part in self._parts), default=0)
        self._newest = newest - newest % _MONTH_MS + _MONTH_MS
        self._is_exact = True
        self._is_damaged = False

    def run(self) -> Ranking:
        required = [word for word in self._parsed.words if not word.is_optional]
        found = [self._all_words(part, required) for part in self._parts]
        has_all = True
        # A phrase that stands somewhere is meant; one that stands nowhere is words.
        is_phrase = bool(self._parsed.phrases) and any(found)
        if self._is_too_little(found) and len(required) > 1 and not is_phrase:
            fewer = self._fewer_words(required)
            has_all = sum(map(len, fewer)) == sum(map(len, found))
            for full, rest in zip(found, fewer, strict=True):
                rest.update((number, score + _ALL_WORDS_FIRST) for number, score in full.items())
            found = fewer
        facets = self._facets(found)
        if self._is_filtered:
            found = [
                {number: score for number, score in scored.items() if passes(number)}
                for scored, passes in zip(found, map(self._filter, self._parts), strict=True)
            ]
        page = self._page(found)
        total = sum(map(len, found))
        return Ranking(page, total, self._is_exact, has_all, facets, self._is_damaged)

    # Words

    def _all_words(self, part: Part, required: Sequence[Word]) -> dict[int, float]:
        """Score the living documents of one part that have every required word."""
        segment = part.segment
        postings = sorted((self._postings(segment, word) for word in required), key=len)
        if not postings or not postings[0]:
            return {}
        numbers = set(postings[0])
        for other in postings[1:]:
            numbers &= other.keys()
        numbers -= part.deleted
        if self._parsed.excluded:
            numbers -= self._excluded(part, numbers)
        if not numbers:
            return {}
        return self._with_phrases(part, self._scores(segment, sorted(numbers)))

    def _scores(self, segment: Segment, numbers: list[int]) -> dict[int, float]:
        """Add up what every word of the query gives to these documents, which have them all."""
        norms = list(map(segment.norms(self._average).__getitem__, numbers))
        scores = [0.0] * len(numbers)
        for word, idf in self._idf.items():
            for postings, factor in (
                (self._postings(segment, word), idf),
                (self._exact(segment, word), idf * _SURFACE),
            ):
                if postings:
                    weights = map(postings.get, numbers, itertools.repeat(0))
                    scores = [
                        s + factor * w / (w + n)
                        for s, w, n in zip(scores, weights, norms, strict=True)
                    ]
        return self._aged(segment, numbers, scores)

    def _fewer_words(self, required: Sequence[Word]) -> list[dict[int, float]]:
        """Score the documents that have some of the words: the more of them, the better."""
        found = [self._some_words(part, required) for part in self._parts]
        best = max((cover for scored in found for _, cover in scored.values()), default=0.0)
        enough = best * _ENOUGH_COVER
        strong = [
            {number: score for number, (score, cover) in scored.items() if cover >= enough}
            for scored in found
        ]
        if not self._is_too_little(strong):
            return strong
        return [{number: score for number, (score, _) in scored.items()} for scored in found]

    def _some_words(self, part: Part, required: Sequence[Word]) -> dict[int, tuple[float, float]]:
        """Return {document: (score, how much of the query it holds)}."""
        segment = part.segment
        norms = segment.norms(self._average)
        scores: dict[int, float] = {}
        covers: dict[int, float] = {}
        remaining = whole = sum(self._idf[word] for word in required)
        highest = 0.0
        plenty = 2 * self._query.size * self._query.page
        for word in sorted(self._idf, key=lambda word: (word.is_optional, -self._idf[word])):
            idf = self._idf[word]
            postings = self._postings(segment, word)
            exact = self._exact(segment, word)
            numbers: Iterable[int] = postings
            # A document without the rarer words cannot become one of the strong any more.
            is_late = len(scores) >= plenty and remaining < _ENOUGH_COVER * highest
            if word.is_optional or is_late or len(scores) > _MOST_CANDIDATES:
                numbers = scores.keys() & postings.keys()
            if postings and not word.is_optional:
                highest = max(highest, idf)
            remaining -= idf
            for number in numbers:
                weight, norm = postings[number], norms[number]
                gain = weight / (weight + norm)
                if number in exact:
                    gain += _SURFACE * exact[number] / (exact[number] + norm)
                scores[number] = scores.get(number, 0.0) + idf * gain
                if not word.is_optional:
                    covers[number] = covers.get(number, 0.0) + idf
        living = scores.keys() - part.deleted
        kept = sorted(living - self._excluded(part, living))
        aged = self._aged(segment, kept, [scores[number] for number in kept])
        return {
            number: (score * (covers[number] / whole) ** _COORDINATION, covers[number])
            for number, score in aged.items()
        }

    def _postings(self, segment: Segment, word: Word) -> dict[int, int]:
        return segment.postings(STEM + word.root.encode())

    def _exact(self, segment: Segment, word: Word) -> dict[int, int]:
        return {} if word.root == word.word else segment.postings(WORD + word.word.encode())

    def _aged(self, segment: Segment, numbers: list[int], scores: list[float]) -> dict[int, float]:
        factors = map(segment.freshness(self._newest).__getitem__, numbers)
        return dict(zip(numbers, map(operator.mul, scores, factors), strict=True))

    # Phrases and exclusions

    def _excluded(self, part: Part, numbers: Iterable[int]) -> set[int]:
        """Return those of `numbers` that hold an excluded word or phrase."""
        out: set[int] = set()
        for words in self._parsed.excluded:
            holding = set(numbers)
            for word in words:
                # What the reader wrote, not its relatives: -makan keeps "makanan".
                holding &= self._form(part.segment, word).keys()
            if len(words) > 1:
                pattern = _phrase_pattern(tuple(word.word for word in words))
                holding = {n for n in holding if self._reads(part, n, pattern)}
            out |= holding
        return out

    def _form(self, segment: Segment, word: Word) -> dict[int, int]:
        return self._exact(segment, word) or self._postings(segment, word)

    def _with_phrases(self, part: Part, scored: dict[int, float]) -> dict[int, float]:
        """Keep the documents that hold every quoted phrase word for word."""
        for words in self._parsed.phrases:
            pattern = _phrase_pattern(tuple(word.word for word in words))
            if len(scored) > _MOST_PHRASE_READS:
                self._is_exact = False
                best = heapq.nlargest(_MOST_PHRASE_READS, scored, key=scored.__getitem__)
                scored = {number: scored[number] for number in best}
            scored = {n: score for n, score in scored.items() if self._reads(part, n, pattern)}
        return scored

    def _reads(self, part: Part, number: int, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self._text(part, number)) is not None

    def _text(self, part: Part, number: int) -> str:
        """Return title, tags and text of a document, folded."""
        head = part.segment.head_bytes(number).decode().split("\x1f", 4)[4]
        try:
            body = part.segment.text(number)
        except Damaged:
            self._is_damaged = True
            body = ""
        return analysis.folded_text(f"{head}\x1f{body}")

    # The page

    def _page(self, found: Sequence[dict[int, float]]) -> tuple[tuple[float, Ref], ...]:
        start = (self._query.page - 1) * self._query.size
        wanted = start + self._query.size
        best: list[tuple[float, int, int, int]] = []
        for index, scored in enumerate(found):
            moments = map(self._parts[index].segment.published.__getitem__, scored)
            rows = zip(scored.values(), moments, itertools.repeat(index), scored, strict=False)
            best += heapq.nlargest(max(wanted, _LOOKED_AT), rows)
        best.sort(reverse=True)
        ranked = [(score, (index, number)) for score, _, index, number in best]
        ranked[:_LOOKED_AT] = self._neighbours_first(ranked[:_LOOKED_AT])
        return tuple((score % _ALL_WORDS_FIRST, ref) for score, ref in ranked[start:wanted])

    def _neighbours_first(self, ranked: list[tuple[float, Ref]]) -> list[tuple[float, Ref]]:
        """Raise documents in which words stand together as they were typed."""
        pairs = _pairs(self._parsed.sequence)
        if not pairs or len(ranked) < 2:
            return ranked
        raised = []
        for score, (index, number) in ranked:
            text = self._text(self._parts[index], number)
            together = sum(pair in text for pair in pairs)
            bonus = score % _ALL_WORDS_FIRST * _PHRASE_BONUS * together / len(pairs)
            raised.append((score + bonus, (index, number)))
        return sorted(raised, key=lambda row: -row[0])

    # Filters and facets

    @property
    def _is_filtered(self) -> bool:
        query = self._query
        return (query.kind, query.rubric, query.year) != (None, None, None)

    def _is_too_little(self, found: Sequence[dict[int, float]]) -> bool:
        if not self._is_filtered:
            return sum(map(len, found)) < self._query.size
        passing = (
            sum(map(self._filter(part), scored))
            for part, scored in zip(self._parts, found, strict=True)
        )
        return sum(passing) < self._query.size

    def _filter(self, part: Part, without: str = "") -> Callable[[int], bool]:
        """Return a test for documents of `part`; the filter named `without` is left out."""
        wanted = {"kind": self._query.kind, "rubric": self._query.rubric, "year": self._query.year}
        tests = [
            ({code for code, name in names.items() if name == str(wanted[dimension])}, of)
            for dimension, names, of in self._dimensions(part)
            if wanted[dimension] is not None and dimension != without
        ]
        return lambda number: all(of[number] in allowed for allowed, of in tests)

    def _dimensions(self, part: Part) -> tuple[tuple[str, dict[int, str], Sequence[int]], ...]:
        """Return for each facet its name, what its numbers mean, and each document's number."""
        segment = part.segment
        years, year_names = segment.years(self._zone)
        return (
            ("kind", dict(enumerate(segment.kinds)), segment.kind_of),
            ("rubric", dict(enumerate(segment.rubrics)), segment.rubric_of),
            ("year", year_names, years),
        )

    def _facets(self, found: Sequence[dict[int, float]]) -> Facets:
        counts: dict[str, Counter[str]] = {
            "kind": Counter(),
            "rubric": Counter(),
            "year": Counter(),
        }
        for part, scored in zip(self._parts, found, strict=True):
            if not scored:
                continue
            for dimension, names, of in self._dimensions(part):
                numbers: Iterable[int] = scored
                if self._is_filtered:
                    numbers = filter(self._filter(part, dimension), scored)
                for value, count in Counter(map(of.__getitem__, numbers)).items():
                    if names[value]:
                        counts[dimension][names[value]] += count
        return Facets(
            kinds=_counted(counts["kind"].most_common()),
            rubrics=_counted(counts["rubric"].most_common()),
            years=_counted(sorted(counts["year"].items(), reverse=True)),
        )


def _counted(rows: Iterable[tuple[str, int]]) -> tuple[FacetCount, ...]:
    return tuple(FacetCount(value, count) for value, count in rows)


def _idf(frequency: int, count: int) -> float:
    return math.log(1.0 + (count - frequency + 0.5) / (frequency + 0.5)) if frequency else 0.0


def _pairs(sequence: Sequence[Word]) -> tuple[str, ...]:
    """Return neighbouring words of the query, without pairs of mere function words."""
    stop = analysis.stopwords()
    found = dict.fromkeys(
        f"{analysis.fold(first.typed)} {analysis.fold(second.typed)}"
        for first, second in itertools.pairwise(sequence)
        if first.word not in stop and second.word not in stop
    )
    return tuple(found)[:_MOST_PAIRS]


@lru_cache(maxsize=256)
def _phrase_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # The lookbehind stands after the first word, so that the search can leap from word to word.
    first = words[0]
    ways = [_spelled(word) for word in words]
    if len(analysis.spellings(first)) == 1:
        ways[0] = rf"{ways[0]}(?<!\w{ways[0]})"
    else:
        ways[0] = rf"\b{ways[0]}"
    return re.compile(r"[^\w\x1f]+".join(ways) + r"\b")


def _spelled(word: str) -> str:
    ways = "|".join(map(re.escape, analysis.spellings(word)))
    return f"(?:{ways})" if "|" in ways else ways
