"""Atom: RFC 4287, archives by RFC 5005, tombstones by RFC 6721, licence by RFC 4946."""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.engines.feeds.model import Entry, Feed, Tombstone, urn
from desa_web.engines.feeds.text import attribute, construct, label, plain, rfc3339, xml

MIME = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def atom(feed: Feed) -> bytes:
    """Return the document; the same feed gives the same bytes."""
    return "".join(_document(feed)).encode()


def _document(feed: Feed) -> Iterator[str]:
    # Declared only where they are used: validators point at unused and unknown namespaces.
    spaces = f' xmlns:fh="{_HISTORY}"' if feed.archive.is_archive else ""
    spaces += f' xmlns:at="{_TOMBSTONES}"' if feed.tombstones else ""
    language = attribute(feed.language)
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield f'<feed xmlns="{_ATOM}"{spaces} xml:lang="{language}">\n'
    yield f"<id>{xml(urn(feed.id))}</id>\n{construct('title', feed.title)}"
    if feed.subtitle:
        yield construct("subtitle", feed.subtitle)
    yield f"<updated>{rfc3339(feed.updated_at)}</updated>\n"
    yield f"<author><name>{plain(label(feed.author))}</name></author>\n"
    if feed.rights:
        yield construct("rights", feed.rights)
    yield from _links(feed)
    if feed.archive.is_archive:
        yield "<fh:archive/>\n"
    for stone in feed.tombstones:
        yield _tombstone(stone)
    for entry in feed.entries:
        yield from _entry(entry)
    yield "</feed>\n"


def _links(feed: Feed) -> Iterator[str]:
    yield _link("self", feed.self_url, MIME)
    yield _link("alternate", feed.home_url, "text/html")
    if feed.licence_url:
        yield _link("license", feed.licence_url)
    archive = feed.archive
    for relation, url in (
        ("current", archive.current_url),
        ("prev-archive", archive.older_url),
        ("next-archive", archive.newer_url),
    ):
        if url:
            yield _link(relation, url, MIME)


def _link(relation: str, url: str, mime: str = "", more: str = "") -> str:
    kind = f' type="{attribute(mime)}"' if mime else ""
    return f'<link rel="{relation}"{kind} href="{attribute(url)}"{more}/>\n'


def _tombstone(stone: Tombstone) -> str:
    return f'<at:deleted-entry ref="{attribute(urn(stone.id))}" when="{rfc3339(stone.at)}"/>\n'


def _entry(entry: Entry) -> Iterator[str]:
    yield f"<entry>\n<id>{xml(urn(entry.id))}</id>\n{construct('title', entry.title)}"
    yield _link("alternate", entry.url, "text/html")
    yield f"<published>{rfc3339(entry.published_at)}</published>\n"
    yield f"<updated>{rfc3339(entry.updated_at)}</updated>\n"
    if entry.author:
        yield f"<author><name>{plain(label(entry.author))}</name></author>\n"
    for category in entry.categories:
        yield f'<category term="{attribute(label(category))}"/>\n'
    for file in entry.enclosures:
        title = f' title="{attribute(label(file.title))}"' if file.title else ""
        yield _link("enclosure", file.url, file.mime, f' length="{file.size_bytes}"{title}')
    if entry.summary:
        yield construct("summary", entry.summary)
    yield f'<content type="html">{xml(entry.content_html)}</content>\n</entry>\n'
