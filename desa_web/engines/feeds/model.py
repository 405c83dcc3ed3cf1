"""What a feed is made of. Addresses are absolute, moments are aware, texts are as people wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from desa_web.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that goes with an entry; `size_bytes` is what a reader will really fetch."""

    url: str
    mime: str
    size_bytes: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One piece of news. `id` is a UUID; `content_html` is sanitised by whoever made it.

    updated_at: when the text that is shown went live, never before published_at.
    """

    id: str
    url: str
    title: str
    content_html: str
    published_at: datetime
    updated_at: datetime
    summary: str = ""
    author: str = ""
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was withdrawn or deleted (RFC 6721)."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where a document stands among the archives of its feed (RFC 5005, 4).

    is_archive: this document is one of them. current_url: the feed that one subscribes to.
    """

    is_archive: bool = False
    current_url: str = ""
    older_url: str = ""
    newer_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One document: newest entry first. `id` is a UUID, the same for a feed and its archives."""

    id: str
    title: str
    home_url: str
    self_url: str
    author: str
    updated_at: datetime
    subtitle: str = ""
    language: str = "id"
    rights: str = ""
    licence_url: str = ""
    entries: tuple[Entry, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    archive: Archive = field(default_factory=Archive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which entries are wanted: the newest `limit`, of a rubric, a tag, one month, or by id."""

    limit: int = 30
    rubric_slug: str = ""
    tag: str = ""
    month: tuple[int, int] | None = None
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Entries, newest first, and the surrogate keys that go stale when they would differ."""

    entries: tuple[Entry, ...]
    keys: frozenset[str]


class Feedable(Protocol):
    """What a feature offers whose objects belong into feeds (its adapter "feeds")."""

    def offer(self, site: Site, scope: Scope, base_url: str) -> Offer:
        """Return the public entries of `scope` with their whole texts."""

    def tombstones(self, site: Site, limit: int) -> Sequence[Tombstone]:
        """Return what was public once and is not any more, newest first."""

    def months(self, site: Site) -> Sequence[tuple[int, int]]:
        """Return the (year, month)s that have entries, newest first."""


def urn(uuid: str) -> str:
    return f"urn:uuid:{uuid}"
