"""Addresses in foreign documents: made whole against where they were found, or dropped."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urljoin, urlsplit

from desa_web.engines.feeds.reading import markup

_BLANK = re.compile("[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u3000\ufeff\ud800-\udfff]+")
_MAX_CHARS = 2000
_POINTING = frozenset({"a", "area", "audio", "embed", "iframe", "img", "source", "video"})
_LEADING = frozenset({"href", "src", "data-src", "data-lazy-src", "data-orig-file", "poster"})


def whole(address: str, base_url: str) -> str:
    """Return an http or https address, or "" for anything else."""
    address = _BLANK.sub("", address[: _MAX_CHARS * 2])
    if not address:
        return ""
    try:
        found = urljoin(base_url, address)
        parts = urlsplit(found)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return found if is_web and len(found) <= _MAX_CHARS else ""


def with_whole_addresses(html: str, base_url: str) -> str:
    """Return the HTML with relative links and pictures made whole; all else as it came."""
    parts: list[str] = []
    at = 0
    for tag in markup.tags(html):
        if tag.is_end or tag.name not in _POINTING:
            continue
        for one in markup.attributes(html, tag):
            if one.name not in _LEADING or not _is_relative(one.value):
                continue
            parts += (html[at : one.start], escape(whole(one.value, base_url), quote=True))
            at = one.end
    parts.append(html[at:])
    return "".join(parts)


def _is_relative(value: str) -> bool:
    value = value.strip()
    if not value or value.startswith("#"):
        return False
    scheme, colon, _rest = value.partition(":")
    return not (colon and scheme.isascii() and scheme.isalpha())
