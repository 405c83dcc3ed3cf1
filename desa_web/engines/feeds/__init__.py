"""Feeds: what a site offers to any reader, as Atom, JSON Feed and RSS.

    atom(feed)       Atom (RFC 4287), with archives (RFC 5005) and tombstones (RFC 6721)
    json_feed(feed)  JSON Feed 1.1
    rss(feed)        RSS 2.0 with the whole text
    news_sitemap(feed)         the newest entries for news search engines
    absolute(html, base_url)   addresses in a canonical text that work outside the site

From frozen dataclasses to bytes: the same feed gives the same bytes, so an ETag holds. Ids are
`urn:uuid:` and stay what they are when an address or a title changes. Knows no article, no site
and no Flask; who offers entries is a `Feedable`.

>>> from datetime import UTC, datetime
>>> noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
>>> feed = Feed(id="0193a1b2-0000-7000-8000-000000000001", title="Desa Sukamaju",
...             home_url="https://sukamaju.example/", self_url="https://sukamaju.example/feed.atom",
...             author="Desa Sukamaju", updated_at=noon)
>>> atom(feed).splitlines()[0]
b'<?xml version="1.0" encoding="utf-8"?>'
"""

from desa_web.engines.feeds.atom import atom
from desa_web.engines.feeds.jsonfeed import json_feed
from desa_web.engines.feeds.links import absolute
from desa_web.engines.feeds.model import (
    Archive,
    Enclosure,
    Entry,
    Feed,
    Feedable,
    Offer,
    Scope,
    Tombstone,
    urn,
)
from desa_web.engines.feeds.rss import rss
from desa_web.engines.feeds.sitemap import news_sitemap

__all__ = [
    "Archive",
    "Enclosure",
    "Entry",
    "Feed",
    "Feedable",
    "Offer",
    "Scope",
    "Tombstone",
    "absolute",
    "atom",
    "json_feed",
    "news_sitemap",
    "rss",
    "urn",
]
