"""Bytes of other people's programs as text: nothing is refused, nothing is lost without need.

What says it is UTF-8 often holds single bytes of Windows-1252 (a text pasted from Word into an
old database); only those bytes are read as such.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPED = re.compile("[\udc80-\udcff]+")


def decoded(data: bytes, declared: str = "") -> str:
    """Return `data` as text: by its byte order mark, as UTF-8, as `declared`, or repaired."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff")
    known = _codec(declared)
    if known.startswith(("utf-16", "utf-32")):
        return data.decode(known, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if known and known not in ("utf-8", "ascii"):
        return data.decode(known, "replace")
    return _ESCAPED.sub(_windows, data.decode("utf-8", "surrogateescape"))


def _codec(name: str) -> str:
    """Return the name of a text encoding, "" when there is none of that name."""
    try:
        found = codecs.lookup(name.strip().strip("'\""))
    except (LookupError, ValueError):
        return ""
    if not getattr(found, "_is_text_encoding", True) or found.name in ("idna", "punycode"):
        return ""
    # ISO 8859-1 is what people say, Windows-1252 is what they have (WHATWG Encoding, 4.2).
    return "cp1252" if found.name == "iso8859-1" else found.name


def _windows(match: re.Match[str]) -> str:
    return match[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
