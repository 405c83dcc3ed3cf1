"""What a foreign feed is made of, whichever format it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# More than any article; the rest of such a text is not news.
MAX_HTML_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class ForeignImage:
    """A picture that an entry shows; `credit` is who made it, if the feed says so."""

    url: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEntry:
    """One piece of news. `guid` is unique in its feed and stays what it is; url may be "".

    html: as it came, addresses whole, not sanitised. published, updated: UTC, None if unknown.
    """

    guid: str
    url: str
    title: str
    html: str
    published: datetime | None = None
    updated: datetime | None = None
    author: str = ""
    tags: tuple[str, ...] = ()
    images: tuple[ForeignImage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFeed:
    """One document; next_url leads to older entries (RFC 5005, JSON Feed), "" at the end."""

    title: str
    link: str
    entries: tuple[ForeignEntry, ...]
    next_url: str = ""
    generator: str = ""
