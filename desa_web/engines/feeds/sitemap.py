"""The sitemap for news search engines (sitemap-news 0.9): entries of the newest two days.

Two days before the newest entry, not before now: the document says the same until news comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from desa_web.engines.feeds.model import Entry, Feed
from desa_web.engines.feeds.text import one_line, rfc3339, xml

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_SPAN = timedelta(days=2)
# The format's own limit.
_MAX_URLS = 1000


def news_sitemap(feed: Feed) -> bytes:
    """Return the document for the newest entries of the feed; its title names the publication."""
    return "".join(_document(feed)).encode()


def _document(feed: Feed) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield f'<urlset xmlns="{_SITEMAP}" xmlns:news="{_NEWS}">\n'
    newest = max((entry.published_at for entry in feed.entries), default=None)
    for entry in feed.entries[:_MAX_URLS]:
        if newest is not None and newest - entry.published_at <= _SPAN:
            yield _url(feed, entry)
    yield "</urlset>\n"


def _url(feed: Feed, entry: Entry) -> str:
    return (
        f"<url><loc>{xml(entry.url)}</loc><news:news><news:publication>"
        f"<news:name>{xml(one_line(feed.title))}</news:name>"
        f"<news:language>{xml(feed.language)}</news:language></news:publication>"
        f"<news:publication_date>{rfc3339(entry.published_at)}</news:publication_date>"
        f"<news:title>{xml(one_line(entry.title))}</news:title></news:news></url>\n"
    )
