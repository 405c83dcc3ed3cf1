"""Entries of other software's feeds in the shape in which villages speak: text, photos, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Any

from desa_web.engines.feeds.read import ForeignEntry, ForeignFeed
from desa_web.engines.feeds.reading import markup, pictures

_ID_MAX = 400


def entries_of(feed: ForeignFeed) -> list[dict[str, Any]]:
    """Return what a feed says as fields, like those of a log's line, oldest entry first."""
    return [_fields(entry) for entry in reversed(feed.entries)]


def _fields(entry: ForeignEntry) -> dict[str, Any]:
    shown = {image.url: image for image in entry.images}
    body, inside = _with_figures(entry.html, entry.url)
    media = [
        {
            "id": photo_id(url), "url": url, "lead": n == 0,
            "alt": image.alt, "credit": image.credit,
        }
        for n, (url, image) in enumerate(shown.items())
    ]  # fmt: skip
    media += [{"id": photo_id(url), "url": url} for url in inside if url not in shown]
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


def photo_id(url: str) -> str:
    """Return how figures of the body name the picture at an address."""
    return f"p{sha256(url.encode('utf-8', 'replace')).hexdigest()[:24]}"


def _with_figures(body: str, base_url: str) -> tuple[str, list[str]]:
    """Turn pictures of the text into figures; return the text and their addresses."""
    parts: list[str] = []
    urls: list[str] = []
    at = 0
    for tag in markup.tags(body):
        if tag.name != "img" or tag.is_end:
            continue
        image = pictures.of_tag(markup.values(body, tag), base_url)
        parts.append(body[at : tag.start])
        at = tag.end
        if image is not None:
            urls.append(image.url)
            parts.append(f'<figure data-foto="{photo_id(image.url)}">{escape(image.alt)}</figure>')
    return "".join([*parts, body[at:]]), urls


def _id(guid: str) -> str:
    clean = re.sub(r"\s+", " ", "".join(c for c in guid if c.isprintable())).strip()
    if 0 < len(clean) <= _ID_MAX:
        return clean
    return f"sha256:{sha256(guid.encode('utf-8', 'replace')).hexdigest()}"
