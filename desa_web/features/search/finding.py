"""One search: what a reader asked, held within bounds, and what may be shown of the answer.

The index may lag behind the journal for a moment, so every hit is looked up in the live state
before it is shown: what was withdrawn is gone at once. Knows no request and no page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from desa_web.core.site import Site
from desa_web.features.search import shelf, sources
from desa_web.web.context_parts import Hit as ShownHit

if TYPE_CHECKING:
    from desa_web.engines.search import Correction, Part

LONGEST_QUERY = 300
PER_PAGE = 10
_LAST_PAGE = 100
_SUGGESTIONS = 8
_WORD = re.compile(r"\w+")
# Marks that turn the direction of all text after them; joiners of Javanese script stay.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a reader asks; `asked` makes one of whatever was sent."""

    text: str
    rubric: str = ""
    year: int = 0
    kind: str = ""
    page: int = 1
    is_exact: bool = False
    was_cut: bool = False

    @property
    def is_filtered(self) -> bool:
        return bool(self.rubric or self.year or self.kind)


@dataclass(frozen=True, slots=True)
class Hit:
    """A hit that is live now: how it is shown, its identity and rank."""

    kind: str
    id: str
    score: float
    shown: ShownHit


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of hits. corrected: the text that was searched instead, "" for none."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    is_total_exact: bool = True
    has_more: bool = False
    kinds: tuple[tuple[str, int], ...] = ()
    rubrics: tuple[tuple[str, int], ...] = ()
    years: tuple[tuple[str, int], ...] = ()
    corrected: str = ""
    has_all_words: bool = True
    is_partial: bool = False


def asked(values: Mapping[str, str]) -> Ask:
    """Return what the parameters of /cari ask for; what cannot be meant is left out."""
    text = clean(values.get("q", ""))
    page = values.get("hal", "")
    year = values.get("tahun", "")
    rubric = values.get("rubrik", "")
    kind = values.get("jenis", "")
    return Ask(
        text=text[:LONGEST_QUERY].rstrip(),
        rubric=rubric if re.fullmatch(r"[a-z0-9-]{1,80}", rubric) else "",
        year=int(year) if re.fullmatch(r"[12][0-9]{3}", year) else 0,
        kind=kind if kind in sources.kind_labels() else "",
        page=min(max(int(page), 1), _LAST_PAGE) if re.fullmatch(r"[0-9]{1,6}", page) else 1,
        is_exact=values.get("persis", "") == "1",
        was_cut=len(text) > LONGEST_QUERY,
    )


def clean(text: str) -> str:
    """Return the text as one line without characters that are not text."""
    text = unicodedata.normalize("NFC", _TURNING.sub("", text[: LONGEST_QUERY * 10]))
    kept = ("" if unicodedata.category(c) in ("Cs", "Co", "Cn") else c for c in text)
    spaced = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in kept if c)
    return " ".join("".join(spaced).split())


def find(site: Site, ask: Ask, size: int = PER_PAGE) -> Found:
    """Return what readers may see of the answer. Never fails because of the index."""
    from desa_web.engines.search import Condition, Query

    index = shelf.index_of(site)
    query = Query(
        ask.text,
        kind=ask.kind or None,
        rubric=ask.rubric or None,
        year=ask.year or None,
        page=ask.page,
        size=size,
        may_correct=not ask.is_exact,
    )
    results = index.find(query)
    if results.is_partial and index.status().condition is Condition.NEEDS_REBUILD:
        shelf.ask_for_rebuild(site)
    corrected = _corrected(ask.text, results.corrections)
    wanted = [(hit.kind, hit.id) for hit in results.hits]
    live = _live(site, wanted)
    marked = {part.text for hit in results.hits for part in hit.snippet if part.is_match}
    roots = {_root(word) for text in (corrected, *marked) for word in _WORD.findall(text)} - {""}
    hits = tuple(
        Hit(hit.kind, hit.id, hit.score, _shown(live[hit.kind, hit.id], hit.snippet, roots))
        for hit in results.hits
        if (hit.kind, hit.id) in live
    )
    facets = results.facets
    return Found(
        hits=hits,
        total=results.total - (len(results.hits) - len(hits)),
        is_total_exact=results.is_total_exact,
        has_more=results.total > ask.page * size and ask.page < _LAST_PAGE,
        kinds=tuple((f.value, f.count) for f in facets.kinds),
        rubrics=tuple((f.value, f.count) for f in facets.rubrics if f.value),
        years=tuple((str(f.value), f.count) for f in facets.years if f.value),
        # A correction that finds nothing helps nobody, and its word may be of a withdrawn text.
        corrected=corrected if results.corrections and hits else "",
        has_all_words=results.has_all_words,
        is_partial=results.is_partial,
    )


def suggest(site: Site, text: str) -> list[str]:
    """Return texts that complete the last word of `text`."""
    text = clean(text)[:LONGEST_QUERY] if not text.endswith(" ") else ""
    return shelf.index_of(site).suggest(text, _SUGGESTIONS) if len(text) > 1 else []


def near(site: Site, text: str) -> list[str]:
    """Return known words that begin like the words of `text`, for one who found nothing."""
    index = shelf.index_of(site)
    found: list[str] = []
    for word in sorted(_words(clean(text)), key=len, reverse=True)[:3]:
        for length in range(len(word) - 1, 2, -1):
            if words := [w for w in index.suggest(word[:length], 3) if w not in found]:
                found += words
                break
    return found[:4]


def _corrected(text: str, corrections: Iterable[Correction]) -> str:
    used = {correction.typed.casefold(): correction.used for correction in corrections}
    return _WORD.sub(lambda match: used.get(match[0].casefold(), match[0]), text)


def _live(site: Site, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ShownHit]:
    by_kind: dict[str, set[str]] = {}
    for kind, object_id in wanted:
        by_kind.setdefault(kind, set()).add(object_id)
    found: dict[tuple[str, str], ShownHit] = {}
    for source in sources.sources():
        kinds = [kind for kind in source.labels if kind in by_kind]
        ids = {object_id for kind in kinds for object_id in by_kind[kind]}
        shown = source.hits(site, ids) if ids else {}
        for kind in kinds:
            found |= {(kind, i): shown[i] for i in by_kind[kind] if i in shown}
    return found


def _shown(hit: ShownHit, snippet: Iterable[Part], roots: set[str]) -> ShownHit:
    """Return the hit with its words marked: the index's in the snippet, the same in the title."""
    marked = Markup("").join(_piece(part.text, part.is_match) for part in snippet)
    return replace(hit, title=_marked(hit.title.unescape(), roots), snippet=marked)


def _marked(text: str, roots: set[str]) -> Markup:
    pieces, at = [], 0
    for match in _WORD.finditer(text):
        if _root(match[0]) in roots:
            pieces += [escape(text[at : match.start()]), _piece(match[0], True)]
            at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])


def _piece(text: str, is_match: bool) -> Markup:
    return Markup("<mark>{}</mark>").format(text) if is_match else escape(text)


def _root(word: str) -> str:
    from desa_web.engines.search.analysis import terms_of

    terms = terms_of(word)
    return terms[0] if terms else ""


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
