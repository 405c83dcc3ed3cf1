"""JSON Feed 1.1 (jsonfeed.org): the feed that programs read without an XML parser."""

from __future__ import annotations

import json
from typing import Any

from desa_web.engines.feeds.model import Enclosure, Entry, Feed, urn
from desa_web.engines.feeds.text import fit, one_line, rfc3339

MIME = "application/feed+json"


def json_feed(feed: Feed) -> bytes:
    """Return the document; the same feed gives the same bytes. It knows no tombstones."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": one_line(feed.title),
        "home_page_url": feed.home_url,
        "feed_url": feed.self_url,
        "description": one_line(feed.subtitle),
        "authors": [{"name": one_line(feed.author), "url": feed.home_url}],
        "language": feed.language,
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(_filled(document), ensure_ascii=False, separators=(",", ":")).encode()


def _item(entry: Entry) -> dict[str, Any]:
    return _filled(
        {
            "id": urn(entry.id),
            "url": entry.url,
            "title": one_line(entry.title),
            "content_html": fit(entry.content_html),
            "summary": one_line(entry.summary),
            "image": entry.image_url,
            "date_published": rfc3339(entry.published_at),
            "date_modified": rfc3339(entry.updated_at),
            "authors": [{"name": one_line(entry.author)}] if entry.author else [],
            "tags": [one_line(name) for name in entry.categories],
            "attachments": [_attachment(file) for file in entry.enclosures],
        },
        keep=("content_html",),
    )


def _attachment(file: Enclosure) -> dict[str, Any]:
    return _filled(
        {
            "url": file.url,
            "mime_type": file.mime,
            "title": one_line(file.title),
            "size_in_bytes": file.size_bytes,
        }
    )


def _filled(values: dict[str, Any], keep: tuple[str, ...] = ("items",)) -> dict[str, Any]:
    """Return the values without empty ones, which the format leaves out."""
    return {n: v for n, v in values.items() if v not in ("", [], ()) or n in keep}
