"""JSON Feed 1.0 and 1.1 (jsonfeed.org): every value is checked, none is trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from desa_web.engines.feeds.reading import markup, pictures
from desa_web.engines.feeds.reading.addresses import whole, with_whole_addresses
from desa_web.engines.feeds.reading.model import (
    MAX_HTML_CHARS,
    ForeignEntry,
    ForeignFeed,
    ForeignImage,
)
from desa_web.engines.feeds.reading.moments import moment
from desa_web.engines.feeds.text import fit


def feed_of(text: str, base_url: str, limit: int) -> ForeignFeed | None:
    """Return the feed, None when the JSON is none. Raises ValueError, RecursionError."""
    feed = json.loads(text)
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    home = whole(_text(feed, "home_page_url"), base_url) or base_url
    items = [item for item in feed["items"] if isinstance(item, dict)]
    feed_author = _author(feed)
    return ForeignFeed(
        title=markup.text_of(_text(feed, "title"))[:300],
        link=whole(_text(feed, "home_page_url"), base_url),
        entries=tuple(_entry(item, home, feed_author) for item in items[:limit]),
        next_url=whole(_text(feed, "next_url"), base_url),
        generator=_text(feed, "generator")[:200],
    )


def _entry(item: Mapping[str, Any], home: str, feed_author: str) -> ForeignEntry:
    url = whole(_text(item, "url") or _text(item, "external_url"), home)
    base = url or home
    html = with_whole_addresses(_html(item)[:MAX_HTML_CHARS], base)
    guid = item.get("id")
    lead = [whole(_text(item, name), base) for name in ("image", "banner_image")]
    lead += [
        whole(_text(part, "url"), base)
        for part in _objects(item, "attachments")
        if _text(part, "mime_type").startswith("image/")
    ]
    images = {u: ForeignImage(u) for u in lead if pictures.is_photo(u)}
    images |= {image.url: image for image in pictures.in_html(html, base)}
    title = markup.text_of(_text(item, "title"))[:300]
    return ForeignEntry(
        guid=fit(str(guid)).strip()[:500] if isinstance(guid, str | int | float) else "",
        url=url,
        title=title or markup.text_of(_text(item, "summary"))[:120],
        html=html,
        published=moment(_text(item, "date_published")),
        updated=moment(_text(item, "date_modified")),
        author=_author(item) or feed_author,
        tags=tuple(_tags(item)),
        images=tuple(images.values()),
    )


def _html(item: Mapping[str, Any]) -> str:
    if found := _text(item, "content_html"):
        return found
    plain = _text(item, "content_text") or _text(item, "summary")
    paragraphs = [p.strip() for p in plain.split("\n\n") if p.strip()]
    return "".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in paragraphs)


def _author(part: Mapping[str, Any]) -> str:
    listed = [*_objects(part, "authors"), part.get("author")]
    names = [_text(one, "name") for one in listed if isinstance(one, dict)]
    return ", ".join(dict.fromkeys(markup.text_of(name) for name in names if name))[:120]


def _tags(item: Mapping[str, Any]) -> list[str]:
    listed = item.get("tags")
    if not isinstance(listed, list):
        return []
    names = (markup.text_of(fit(tag))[:80] for tag in listed[:50] if isinstance(tag, str))
    return list(dict.fromkeys(name for name in names if name))


def _objects(part: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = part.get(name)
    return [one for one in listed[:50] if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return fit(value) if isinstance(value, str) else ""
