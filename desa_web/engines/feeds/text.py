"""Texts of people inside XML and JSON: what these formats cannot hold is left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

# XML 1.0, 2.2: no control characters but tab and line feed, no surrogates, no U+FFFE and U+FFFF.
# C1 controls and U+FFFD are legal there, but no text of people has them and validators warn.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
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


def plain(text: str) -> str:
    """Return `text` as an element's content for readers that may take it for HTML (RSS titles).

    RSS never said which it is. The Best Practices Profile wants plain text with `&` and `<` as
    hexadecimal references; what looks like a tag even so is escaped once more.
    """
    line = one_line(text)
    if "</" in line:
        line = escape(line, quote=False)
    return line.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&#x3E;")


def label(text: str) -> str:
    """Return `text` for a name or a keyword, where no reader expects a tag."""
    line = one_line(text)
    return line.replace("<", "‹").replace(">", "›") if "</" in line else line


def construct(name: str, text: str) -> str:
    """Return an Atom text construct (RFC 4287, 3.1): HTML where plain text would look like it."""
    line = one_line(text)
    if "<" in line or "&" in line:
        return f'<{name} type="html">{xml(escape(line, quote=False))}</{name}>\n'
    return f"<{name}>{xml(line)}</{name}>\n"


def attribute(text: str) -> str:
    """Return `text` as the value of an XML attribute in double quotes."""
    # Hexadecimal: an ampersand written so is plain text to validators, not the start of HTML.
    quoted = fit(text).replace("&", "&#x26;").replace("<", "&#x3C;").replace('"', "&#x22;")
    return quoted.replace("\n", "&#10;").replace("\t", "&#9;")


def rfc3339(moment: datetime) -> str:
    """Return the moment in UTC. With milliseconds: equal moments make validators warn."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
