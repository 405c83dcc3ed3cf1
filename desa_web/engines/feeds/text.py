"""Texts of people inside XML and JSON: what these formats cannot hold is left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# XML 1.0, 2.2: no control characters but tab and line feed, no surrogates, no U+FFFE and U+FFFF.
# C1 controls are legal there, but no text of people has them and validators warn.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_RETURN = re.compile("\r\n?")


def fit(text: str) -> str:
    """Return `text` without what XML 1.0 forbids; line ends are line feeds."""
    return _UNFIT.sub("", _RETURN.sub("\n", text))


def one_line(text: str) -> str:
    """Return `text` fit for a title: one line, no doubled spaces around the breaks."""
    return " ".join(fit(text).split("\n")).replace("\t", " ").strip()


def xml(text: str) -> str:
    """Return `text` as content of an XML element."""
    return fit(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    """Return `text` as the value of an XML attribute in double quotes."""
    quoted = xml(text).replace('"', "&quot;")
    return quoted.replace("\n", "&#10;").replace("\t", "&#9;")


def rfc3339(moment: datetime) -> str:
    """Return the moment in UTC. With milliseconds: equal moments make validators warn."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
