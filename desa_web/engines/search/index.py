"""The search index of one folder: applies changes, answers queries, heals itself by a rebuild.

Any number of threads and processes may search while one writes. A search never waits for a
commit and never fails because of the index: what is damaged is left out and said.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from desa_web.core.disk import locked
from desa_web.core.i18n import _
from desa_web.engines.search import analysis, builder, correct, rank, snippet, store
from desa_web.engines.search.errors import IndexDamaged
from desa_web.engines.search.model import (
    Condition,
    Correction,
    Cursor,
    Document,
    Hit,
    Query,
    Removal,
    Results,
    Status,
)
from desa_web.engines.search.parse import MOST_CHARACTERS, Parsed, Word, parse
from desa_web.engines.search.segment import STEM, WORD, Builder, Damaged, Segment
from desa_web.engines.search.store import Snapshot

LARGEST_PAGE = 100
MOST_PAGES = 100
_SMALL = 48
"""Segments up to this size are joined at every commit."""
_TIER = 4
"""So many segments of one size are joined to one of the next."""
_LARGEST_MERGE = 1_024
"""Larger segments are joined by a rebuild only: a commit stays short."""
_MOST_SUGGESTED = 50
_MOST_CORRECTED = 6


class SearchIndex:
    """The index in `folder`; the folder may be deleted at any time and comes back by a rebuild."""

    def __init__(self, folder: Path, *, time_zone_h: int = 7) -> None:
        self._folder = folder
        self._zone = time_zone_h
        self._snapshot: Snapshot | None = None
        self._loading = threading.Lock()
        self._writing = threading.Lock()
        self._is_rebuilding = False
        self._found: tuple[Snapshot | None, str] = (None, "")

    def apply(self, updates: Iterable[Document | Removal], cursor: Cursor) -> None:
        """Make `updates` searchable and remember `cursor`, both or neither; safe to repeat.

        Of several updates to one object the last counts. Raises IndexDamaged when the index
        needs a rebuild first, Busy when another process writes.
        """
        last = {(update.kind, update.id): update for update in updates}
        with self._writing, self._locked():
            snapshot = self._current()
            if damage := self._damage(snapshot):
                raise IndexDamaged(damage)
            try:
                self._snapshot = _applied(self._folder, snapshot, last, cursor)
            except Damaged as error:
                self._found = (snapshot, str(error))
                raise IndexDamaged(str(error)) from error

    def find(self, query: Query) -> Results:
        """Return one page of answers; any text is a query and none is an error.

        A page beyond the last is empty; page and size are held within MOST_PAGES, LARGEST_PAGE.
        """
        snapshot = self._current()
        query = _bounded(query)
        parsed, corrections = _understood(snapshot, query)
        if not parsed.words or not snapshot.parts:
            return Results(corrections=corrections, is_partial=bool(self._damage(snapshot)))
        ranking = rank.rank(snapshot, parsed, query, self._zone)
        if ranking.is_damaged:
            self._found = (snapshot, "a text on disk has changed")
        wanted: dict[int, dict[str, snippet.Wanted]] = {}
        hits = []
        for score, ref in ranking.refs:
            segment = snapshot.parts[ref[0]].segment
            if ref[0] not in wanted:
                wanted[ref[0]] = _marked(segment, parsed)
            hits.append(self._hit(snapshot, ref, score, wanted[ref[0]]))
        return Results(
            hits=tuple(hits),
            total=ranking.total,
            is_total_exact=ranking.is_total_exact,
            facets=ranking.facets,
            corrections=corrections,
            has_all_words=ranking.has_all_words,
            is_partial=bool(self._damage(snapshot)),
        )

    def suggest(self, prefix: str, limit: int = 8) -> list[str]:
        """Return texts that complete the last word of `prefix`, the most frequent first."""
        snapshot = self._current()
        prefix = analysis.clean(prefix[-200:])
        typed = analysis.tokens(prefix)
        if not typed or not prefix.endswith(typed[-1]):
            return []
        start = prefix[: len(prefix) - len(typed[-1])].lower()
        words = _completions(snapshot, analysis.fold(typed[-1]))
        living = (start + word for word in words if _is_living(snapshot, word))
        return list(islice(living, max(0, min(limit, _MOST_SUGGESTED))))

    def rebuild(self, documents: Iterable[Document], cursor: Cursor) -> None:
        """Make the index anew from `documents` in a child process, then swap it in at once.

        The old one answers meanwhile. Of two documents with one identity the last counts. Raises
        Busy when another process writes, RebuildFailed when the child did not finish.
        """
        with self._writing, self._locked():
            self._is_rebuilding = True
            try:
                parts = builder.build(self._folder, documents)
                self._snapshot = store.save(self._folder, parts, cursor)
            finally:
                self._is_rebuilding = False

    def status(self) -> Status:
        """Return the condition of the index; NEEDS_REBUILD asks the caller for `rebuild`."""
        snapshot = self._current()
        reason = self._damage(snapshot)
        condition = Condition.NEEDS_REBUILD if reason else Condition.READY
        if self._is_rebuilding:
            condition = Condition.REBUILDING
        return Status(
            condition=condition,
            reason=reason,
            cursor=snapshot.cursor,
            documents=snapshot.documents,
            segments=len(snapshot.parts),
            size_bytes=sum(part.size_bytes for part in snapshot.parts),
        )

    def _damage(self, snapshot: Snapshot) -> str:
        """Return what is wrong with a snapshot: known when it was opened, or found since."""
        found_in, reason = self._found
        return snapshot.damage or (reason if found_in is snapshot else "")

    def _current(self) -> Snapshot:
        """Return the newest snapshot; while another thread opens a newer one, the last."""
        held = self._snapshot
        if held is not None and held.mark == store.mark_of(self._folder):
            return held
        if not self._loading.acquire(blocking=held is None):
            return held or Snapshot()
        try:
            held = self._snapshot
            if held is None or held.mark != store.mark_of(self._folder):
                held = self._snapshot = store.load(self._folder, held.parts if held else ())
            return held
        finally:
            self._loading.release()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder / "lock", _("Indeks pencarian sedang diperbarui; coba lagi.")):
            yield

    def _hit(
        self, snapshot: Snapshot, ref: rank.Ref, score: float, wanted: dict[str, snippet.Wanted]
    ) -> Hit:
        segment = snapshot.parts[ref[0]].segment
        head = segment.head(ref[1])
        try:
            text = segment.text(ref[1])
        except Damaged as error:
            self._found = (snapshot, str(error))
            text = ""
        return Hit(
            kind=head.kind,
            id=head.id,
            title=head.title,
            url=head.url,
            rubric=head.rubric,
            snippet=snippet.snippet(text, wanted),
            score=round(score, 4),
            published_at=segment.published[ref[1]],
        )


def _bounded(query: Query) -> Query:
    return replace(
        query,
        page=max(1, min(query.page, MOST_PAGES)),
        size=max(1, min(query.size, LARGEST_PAGE)),
    )


def _marked(segment: Segment, parsed: Parsed) -> dict[str, snippet.Wanted]:
    """Return what to mark, by root; an abbreviation marks its long form too."""
    wanted: dict[str, snippet.Wanted] = {}
    for word in parsed.words:
        for part in analysis.spelled_out(word.word):
            if (terms := analysis.terms_of(part)) and part not in analysis.stopwords():
                wanted.setdefault(terms[0], (0.5, part, *_all_forms(segment, terms[0])))
        weight = 0.1 if word.is_optional else 1.0
        wanted[word.root] = (weight, word.word, *_all_forms(segment, word.root))
    return wanted


def _all_forms(segment: Segment, root: str) -> tuple[frozenset[str], tuple[str, ...]]:
    forms = frozenset(way for form in segment.forms(root) for way in analysis.spellings(form))
    return forms, tuple(form for form in forms if root not in form)


# Corrections and suggestions


def _understood(snapshot: Snapshot, query: Query) -> tuple[Parsed, tuple[Correction, ...]]:
    """Parse a query; words that no document has give way to a likely one."""
    parsed = parse(query.text)
    if not query.may_correct or not snapshot.parts:
        return parsed, ()
    corrections = []
    for word in [word for word in parsed.words if not _is_known(snapshot, word)][:_MOST_CORRECTED]:
        if used := correct.corrected(word.word, partial(_uses, snapshot)):
            corrections.append(Correction(word.typed, used))
    if not corrections:
        return parsed, ()
    text = query.text[:MOST_CHARACTERS]
    for correction in corrections:
        typed = rf"(?<!\w){re.escape(correction.typed)}(?!\w)"
        text = re.sub(typed, correction.used, text)
    return parse(text), tuple(corrections)


def _is_known(snapshot: Snapshot, word: Word) -> bool:
    return any(part.segment.frequency(STEM + word.root.encode()) for part in snapshot.parts)


def _uses(snapshot: Snapshot, word: str) -> int:
    count = sum(part.segment.words.get(word, 0) for part in snapshot.parts)
    return count if count and _is_living(snapshot, word) else 0


def _is_living(snapshot: Snapshot, word: str) -> bool:
    """Return whether a document that is still public has this form: withdrawn words stay unsaid."""
    for part in snapshot.parts:
        if word in part.segment.words:
            if not part.deleted:
                return True
            key = word.encode()
            found = part.segment.postings(WORD + key) or part.segment.postings(STEM + key)
            if any(number not in part.deleted for number in found):
                return True
    return False


def _completions(snapshot: Snapshot, prefix: str) -> list[str]:
    counts: Counter[str] = Counter()
    for part in snapshot.parts:
        for word, count in part.segment.completions(prefix):
            counts[word] += count
    return [word for word, _count in counts.most_common(_MOST_SUGGESTED)]


# Commits


def _applied(
    folder: Path,
    snapshot: Snapshot,
    last: dict[tuple[str, str], Document | Removal],
    cursor: Cursor,
) -> Snapshot:
    parts = [_without(part, last) for part in snapshot.parts]
    documents = [update for update in last.values() if isinstance(update, Document)]
    joined = _to_join(parts, len(documents))
    made = Builder()
    for part in joined:
        made.absorb(part.segment, part.deleted)
    for document in documents:
        made.add(document)
    kept = [part for part in parts if part.living and part not in joined]
    if len(made):
        kept.append(store.open_segment(folder, *store.write_segment(folder, made)))
    return store.save(folder, kept, cursor)


def _without(part: store.Part, gone: Iterable[tuple[str, str]]) -> store.Part:
    numbers = part.segment.numbers
    deleted = frozenset(numbers[key] for key in gone if key in numbers)
    return replace(part, deleted=part.deleted | deleted) if deleted else part


def _to_join(parts: list[store.Part], added: int) -> list[store.Part]:
    """Choose segments to write anew together with the added documents: few and small ones."""
    if not added:
        return []
    joined = [part for part in parts if part.living and part.segment.count <= _SMALL]
    size = added + sum(part.living for part in joined)
    bound = _SMALL * _TIER
    while size > bound // _TIER and bound <= _LARGEST_MERGE:
        tier = [part for part in parts if bound // _TIER < part.segment.count <= bound]
        if len(tier) < _TIER:
            break
        joined += tier
        size += sum(part.living for part in tier)
        bound *= _TIER
    return joined
