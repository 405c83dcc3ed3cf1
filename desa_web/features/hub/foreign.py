"""Entries of other software's feeds in the shape in which villages speak: text, photos, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from desa_web.engines.feeds.read import ForeignEntry, ForeignFeed
from desa_web.features.imports.body import body_of
from desa_web.features.imports.item import Picture

_ID_MAX = 400


def entries_of(feed: ForeignFeed) -> list[dict[str, Any]]:
    """Return what a feed says as fields, like those of a log's line, oldest entry first."""
    return [_fields(entry) for entry in reversed(feed.entries)]


def photo_id(url: str) -> str:
    """Return how figures of the body name the picture at an address."""
    return f"p{sha256(url.encode('utf-8', 'replace')).hexdigest()[:24]}"


def _fields(entry: ForeignEntry) -> dict[str, Any]:
    shown: dict[str, dict[str, object]] = {
        image.url: {"url": image.url, "alt": image.alt, "credit": image.credit}
        for image in entry.images
    }

    def figure(picture: Picture) -> str:
        known = shown.setdefault(picture.url, {"url": picture.url, "alt": picture.alt})
        known.setdefault("caption", picture.caption)
        # The first one stands above the text; it would show twice.
        return "" if next(iter(shown)) == picture.url else photo_id(picture.url)

    body = body_of(entry.html, entry.url, figure)
    media = [
        {**one, "id": photo_id(url), "lead": n == 0} for n, (url, one) in enumerate(shown.items())
    ]
    moment = entry.published or entry.updated
    fields: Mapping[str, Any] = {
        "id": _id(entry.guid),
        "type": "article",
        "title": entry.title,
        "body": body,
        "link": entry.url,
        "byline": entry.author,
        "tags": list(entry.tags),
        "rubric": entry.tags[0] if entry.tags else "",
        "published_at": moment.isoformat() if moment else "",
        "media": [{name: part for name, part in one.items() if part} for one in media],
    }
    return {name: value for name, value in fields.items() if value}


def _id(guid: str) -> str:
    clean = re.sub(r"\s+", " ", "".join(c for c in guid if c.isprintable())).strip()
    if 0 < len(clean) <= _ID_MAX:
        return clean
    return f"sha256:{sha256(guid.encode('utf-8', 'replace')).hexdigest()}"
