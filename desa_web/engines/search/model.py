"""What goes into the index and what comes out: frozen values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place in the journal up to which the index is true."""

    journal_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Document:
    """One public object; (kind, id) is its identity. Texts are plain, without markup."""

    kind: str
    id: str
    url: str
    title: str
    body: str = ""
    tags: tuple[str, ...] = ()
    rubric: str = ""
    published_at: int = 0
    """Milliseconds UTC; 0 = no date (a page)."""
    extra: str = ""
    """Found and shown like the body, but counts less: captions, the text of attachments."""


@dataclass(frozen=True, slots=True)
class Removal:
    """The object (kind, id) is no longer public."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader asks. `text` may be anything; "…" is a phrase, -word excludes."""

    text: str
    kind: str | None = None
    rubric: str | None = None
    year: int | None = None
    page: int = 1
    size: int = 10
    may_correct: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of plain text; `is_match` pieces are to be marked. The page escapes them."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    id: str
    title: str
    url: str
    rubric: str
    snippet: tuple[Part, ...]
    score: float
    published_at: int


@dataclass(frozen=True, slots=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts by value, biggest first (years: newest first); each ignores its own filter."""

    kinds: tuple[FacetCount, ...] = ()
    rubrics: tuple[FacetCount, ...] = ()
    years: tuple[FacetCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """`typed` is in no document; `used` was searched instead (Query.may_correct=False undoes)."""

    typed: str
    used: str


@dataclass(frozen=True, slots=True)
class Results:
    hits: tuple[Hit, ...] = ()
    total: int = 0
    is_total_exact: bool = True
    facets: Facets = field(default_factory=Facets)
    corrections: tuple[Correction, ...] = ()
    has_all_words: bool = True
    """False: too little had all the words, so fewer words were asked for."""
    is_partial: bool = False
    """True: the index is missing, damaged or being made anew; there may be more."""


class Condition(StrEnum):
    READY = "ready"
    NEEDS_REBUILD = "needs_rebuild"
    REBUILDING = "rebuilding"


@dataclass(frozen=True, slots=True)
class Status:
    condition: Condition
    reason: str
    """Why a rebuild is needed, for the log and `desa search status` (English); else empty."""
    cursor: Cursor | None
    documents: int
    segments: int
    size_bytes: int
