"""Feeds of other software: RSS, Atom and JSON Feed from bytes to frozen dataclasses.

    feed = read(data, "application/rss+xml", "https://lama.desa.id/feed")
    for entry in feed.entries: entry.guid, entry.title, without_chrome(entry.html)

The bytes come from anybody: whatever they are, a feed comes out or FeedUnreadable, in bounded
time and memory. Texts come out as they were written, with whole addresses, not sanitised:
core/html does that before anything is kept or shown. Fetches nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from typing import ClassVar

from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.engines.feeds.reading import markup
from desa_web.engines.feeds.reading.addresses import whole
from desa_web.engines.feeds.reading.chrome import without_chrome
from desa_web.engines.feeds.reading.encoding import decoded
from desa_web.engines.feeds.reading.model import ForeignEntry, ForeignFeed, ForeignImage

__all__ = [
    "MAX_BYTES",
    "FeedUnreadable",
    "ForeignEntry",
    "ForeignFeed",
    "ForeignImage",
    "read",
    "without_chrome",
]

MAX_BYTES = 8_000_000
MAX_ENTRIES = 2000
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.I)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})")
_WEB_PAGE = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.I | re.S)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


class FeedUnreadable(DesaError):
    """What came is no feed; details: `feeds`, addresses of feeds that a web page names."""

    code: ClassVar[str] = "feed-tidak-terbaca"
    status: ClassVar[int] = 422


def read(data: bytes, content_type: str, base_url: str) -> ForeignFeed:
    """Return the feed in `data`, newest entry as the feed has it. Raises FeedUnreadable.

    content_type: of the HTTP answer, "" if unknown. base_url: where the document was found.
    """
    if len(data) > MAX_BYTES:
        raise FeedUnreadable(
            _("Feed lebih dari {n} MB. Minta pengelola situs itu memendekkan feednya.").format(
                n=MAX_BYTES // 1_000_000
            )
        )
    charset = _CHARSET.search(content_type)
    named = _XML_ENCODING.search(data[:400])
    declared = named[1].decode() if named else charset[1] if charset else ""
    text = decoded(data, declared).lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        from desa_web.engines.feeds.reading.json_feed import feed_of
    elif _WEB_PAGE.match(text):
        raise _no_feed(text, base_url)
    else:
        from desa_web.engines.feeds.reading.xml_feed import feed_of
    try:
        found = feed_of(text, base_url, MAX_ENTRIES)
    except Exception as error:
        # A foreign parser met bytes that nobody thought of: that is the sender's fault.
        raise _unreadable() from error
    if found is None:
        raise _unreadable()
    return replace(found, entries=_unique(found))


def _unreadable() -> FeedUnreadable:
    sentence = _("Isi alamat itu bukan feed (RSS, Atom, atau JSON Feed). Periksa alamat feednya.")
    return FeedUnreadable(sentence)


def _no_feed(page: str, base_url: str) -> FeedUnreadable:
    found = [
        whole(values.get("href", ""), base_url)
        for tag in markup.tags(page[:400_000])
        if tag.name == "link" and not tag.is_end
        for values in (markup.values(page, tag),)
        if values.get("type", "").strip().lower() in _FEED_TYPES
    ]
    feeds = tuple(dict.fromkeys(url for url in found if url))[:10]
    sentence = _("Alamat itu halaman web, bukan feed.")
    if feeds:
        sentence += " " + _("Feed situs itu: {urls}").format(urls=" ".join(feeds))
    else:
        sentence += " " + _("Cari alamat feednya, biasanya berakhiran /feed atau /feed.xml.")
    return FeedUnreadable(sentence, feeds=feeds)


def _unique(feed: ForeignFeed) -> tuple[ForeignEntry, ...]:
    """Give every entry an id of its own: its guid, else its address, else a hash of its text.

    A guid that several different entries carry, or that is the site itself, names none of them.
    """
    told: dict[str, set[str]] = {}
    for entry in feed.entries:
        told.setdefault(entry.guid, set()).add(entry.url or entry.title)
    found: dict[str, ForeignEntry] = {}
    for entry in feed.entries:
        guid = entry.guid
        if not guid or len(told[guid]) > 1 or guid.rstrip("/") == feed.link.rstrip("/"):
            guid = entry.url or _hash(entry)
        found.setdefault(guid, replace(entry, guid=guid))
    return tuple(found.values())


def _hash(entry: ForeignEntry) -> str:
    return "sha256:" + sha256(f"{entry.title}\n{entry.html}".encode()).hexdigest()
