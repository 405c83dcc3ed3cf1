"""RSS 2.0: what old readers and other portals understand; the whole text in content:encoded."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime

from desa_web.engines.feeds.model import Entry, Feed, urn
from desa_web.engines.feeds.text import attribute, label, one_line, plain, xml

MIME = "application/rss+xml"
_SPACES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def rss(feed: Feed) -> bytes:
    """Return the document; the same feed gives the same bytes. RSS knows no tombstones."""
    return "".join(_document(feed)).encode()


def _document(feed: Feed) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield f'<rss version="2.0" {_SPACES}>\n<channel>\n'
    yield f"<title>{plain(feed.title)}</title>\n<link>{xml(feed.home_url)}</link>\n"
    yield f"<description>{plain(feed.subtitle or feed.title)}</description>\n"
    yield f"<language>{xml(feed.language)}</language>\n"
    if feed.rights:
        yield f"<copyright>{plain(feed.rights)}</copyright>\n"
    yield f"<lastBuildDate>{format_datetime(feed.updated_at)}</lastBuildDate>\n"
    yield (f'<atom:link rel="self" type="{MIME}" href="{attribute(feed.self_url)}"/>\n')
    for entry in feed.entries:
        yield from _item(entry)
    yield "</channel>\n</rss>\n"


def _item(entry: Entry) -> Iterator[str]:
    yield f"<item>\n<title>{plain(entry.title)}</title>\n<link>{xml(entry.url)}</link>\n"
    yield f'<guid isPermaLink="false">{xml(urn(entry.id))}</guid>\n'
    yield f"<pubDate>{format_datetime(entry.published_at)}</pubDate>\n"
    if entry.author:
        yield f"<dc:creator>{plain(label(entry.author))}</dc:creator>\n"
    for category in entry.categories:
        yield f"<category>{plain(label(category))}</category>\n"
    # One enclosure an item: what more there is stands in the text.
    for file in entry.enclosures[:1]:
        yield (
            f'<enclosure url="{attribute(file.url)}" length="{file.size_bytes}" '
            f'type="{attribute(file.mime)}"/>\n'
        )
    # Readers take a description for HTML, so the plain summary is escaped once more.
    yield f"<description>{xml(xml(one_line(entry.summary)))}</description>\n"
    yield f"<content:encoded>{xml(entry.content_html)}</content:encoded>\n</item>\n"
