"""Identifiers: UUIDv7 (RFC 9562, 5.7) and slugs. They are identity, never sort keys."""

from __future__ import annotations

import re
import secrets
import unicodedata

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
# Letters that NFKD does not take apart.
_FOLD = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "’": "", "'": ""}
)
SLUG_MAX = 80


def new_id(now_ms: int) -> str:
    """Return a UUIDv7 as 36 characters; a clock before 1970 counts as 1970."""
    stamp = min(max(now_ms, 0), (1 << 48) - 1)
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    value |= secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def slugify(title: str, *, fallback: str) -> str:
    """Return an ASCII slug of at most 80 characters, cut at a word; `fallback` when empty."""
    folded = (
        unicodedata.normalize("NFKD", title.translate(_FOLD)).encode("ascii", "ignore").decode()
    )
    slug = _NOT_SLUG.sub("-", folded.lower()).strip("-")
    if len(slug) > SLUG_MAX:
        cut = slug.rfind("-", 0, SLUG_MAX + 1)
        slug = slug[: cut if cut > 20 else SLUG_MAX].strip("-")
    return slug or fallback
