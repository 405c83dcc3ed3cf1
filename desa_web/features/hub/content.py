"""What a source says of one article, read without trusting it: types, lengths, dates.

The content is kept as it came; everything here is made from it anew each time. HTML is made
safe by core/html when it is taken over or shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from desa_web.core import journal
from desa_web.core.clock import DAY_MS, to_ms
from desa_web.engines.sync.line import is_hash
from desa_web.features.news.article import BODY_MAX_BYTES, TAGS_MAX, TITLE_MAX, Kind, one_line

# Said about a line, not in it; or no news to readers.
_NOT_SHOWN = frozenset(
    {"v", "site", "epoch", "seq", "op", "kind", "id", "rev", "revision", "path", "origin", "slug"}
)
_LIMITS = {"standfirst": 320, "dateline": 120, "byline": 120, "initials": 24, "correction": 600}
_WORDS = {"alt": 300, "caption": 1000, "credit": 160, "licence": 80}
_PHOTO_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_PHOTOS_MAX = 60
_PHOTO_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A photo as the source speaks of it. id: how figures of the body name it."""

    ref: str
    id: str
    size_bytes: int
    is_lead: bool
    alt: str
    caption: str
    credit: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One article; `body` is raw HTML. link: its own address, "" for what the log names by slug."""

    kind: Kind
    title: str
    body: str
    slug: str
    link: str
    rubric: str
    tags: tuple[str, ...]
    standfirst: str
    dateline: str
    byline: str
    initials: str
    correction: str
    corrected_on: str
    expires_on: str
    licence: str
    pictures: tuple[Picture, ...]


def kept(fields: Mapping[str, Any]) -> str:
    """Return what is kept of a feed's entry; of a log the line itself is kept as it came."""
    return json.dumps(fields, ensure_ascii=False)


def digest_of(fields: Mapping[str, Any]) -> str:
    """Return the hash of what readers would see."""
    return journal.digest({n: v for n, v in fields.items() if n not in _NOT_SHOWN})


def kind_of(fields: Mapping[str, Any]) -> Kind:
    return Kind.ANNOUNCEMENT if fields.get("type") == Kind.ANNOUNCEMENT else Kind.ARTICLE


def title_of(fields: Mapping[str, Any]) -> str:
    return _line(fields, "title", TITLE_MAX) or "(tanpa judul)"


def moment_of(fields: Mapping[str, Any], now_ms: int) -> int:
    """Return when it was published, in ms; what lies more than a day ahead counts as now."""
    try:
        moment = datetime.fromisoformat(str(fields.get("published_at", "")))
    except ValueError:
        return now_ms
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not datetime(1990, 1, 1, tzinfo=UTC) <= aware:
        return now_ms
    try:
        at_ms = to_ms(aware)
    except (OverflowError, ValueError):
        return now_ms
    return at_ms if at_ms <= now_ms + DAY_MS else now_ms


def read(text: str) -> Content:
    """Return what the kept content says; "" is what is left of an erased article."""
    fields: Mapping[str, Any] = json.loads(text) if text else {}
    return Content(
        kind=kind_of(fields),
        title=title_of(fields),
        body=_body(fields),
        slug=_line(fields, "slug", 200),
        link=_link(fields),
        rubric=_line(fields, "rubric", 80),
        tags=_tags(fields.get("tags")),
        **{name: _line(fields, name, limit) for name, limit in _LIMITS.items()},
        corrected_on=_day(fields, "corrected_on"),
        expires_on=_day(fields, "expires_on"),
        licence=_line(fields, "licence", 80),
        pictures=pictures_of(fields),
    )


def pictures_of(fields: Mapping[str, Any]) -> tuple[Picture, ...]:
    """Return the photos of a line or an entry that make sense, each once."""
    media = fields.get("media")
    found: dict[str, Picture] = {}
    for entry in media[:_PHOTOS_MAX] if isinstance(media, list) else ():
        picture = _picture(entry) if isinstance(entry, dict) else None
        if picture is not None:
            found.setdefault(picture.ref, picture)
    return tuple(found.values())


def _picture(entry: Mapping[str, Any]) -> Picture | None:
    digest, url, name = entry.get("sha256"), entry.get("url"), entry.get("id")
    ref = digest if is_hash(digest) else url
    if not isinstance(ref, str) or not 0 < len(ref) <= 2000 or not ref.isprintable():
        return None
    if not isinstance(name, str) or not _PHOTO_ID.fullmatch(name):
        return None
    size = entry.get("bytes", 0)
    if type(size) is not int or not 0 <= size <= _PHOTO_BYTES_MAX:
        return None
    words = {word: _line(entry, word, limit) for word, limit in _WORDS.items()}
    return Picture(ref=ref, id=name, size_bytes=size, is_lead=entry.get("lead") is True, **words)


def _line(fields: Mapping[str, Any], name: str, limit: int) -> str:
    """Return a text in one line, cut to what our own article may hold."""
    value = fields.get(name)
    if not isinstance(value, str):
        return ""
    text = one_line(_storable(value[: 4 * limit]))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _body(fields: Mapping[str, Any]) -> str:
    value = fields.get("body")
    if not isinstance(value, str) or len(value) > 4 * BODY_MAX_BYTES:
        return ""
    return _storable(value)


def _storable(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()


def _link(fields: Mapping[str, Any]) -> str:
    value = fields.get("link")
    is_good = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value[:500] if isinstance(value, str) and is_good and value.isprintable() else ""


def _tags(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple([_storable(tag)[:40] for tag in items if isinstance(tag, str)][:TAGS_MAX])


def _day(fields: Mapping[str, Any], name: str) -> str:
    try:
        return date.fromisoformat(str(fields.get(name, ""))).isoformat()
    except ValueError:
        return ""
