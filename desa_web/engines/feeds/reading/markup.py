"""Find tags in foreign HTML, with their places in the source, in linear time.

For those who cut out or rewrite parts and leave every other character as it came. What a text
may finally hold is decided by core/html, never here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
# Their content is no text for readers.
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title"})
_MARKUP = re.compile(r"<(?=[a-zA-Z!?/])")
_NAME = re.compile(r"<(/?)([a-zA-Z][^ \t\n\r\f/>]*+)")
_ATTR = re.compile(
    r"[ \t\n\r\f/]*+(?:(>)|([^ \t\n\r\f/>][^ \t\n\r\f/>=]*+)"
    r"(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^ \t\n\r\f>]*+)))?+)"
)
_RAW_ENDS = {name: re.compile(rf"</{name}(?=[ \t\n\r\f/>])", re.I) for name in RAW}
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag at html[start:end]; a raw element's start tag reaches to before its end tag."""

    name: str
    is_end: bool
    start: int
    end: int
    attributes_at: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; html[start:end] is its value as written, quotes not included."""

    name: str
    value: str
    start: int
    end: int


def tags(html: str) -> Iterator[Tag]:
    """Yield all tags in order; comments and what stands in raw elements hold none."""
    at = 0
    while (markup := _MARKUP.search(html, at)) is not None:
        start = markup.start()
        name = _NAME.match(html, start)
        if name is None:
            at = _after_comment(html, start)
            continue
        at = _after_attributes(html, name.end())
        if at < 0:
            return
        tag, is_end = name[2].lower(), bool(name[1])
        if tag in RAW and not is_end:
            end = _RAW_ENDS[tag].search(html, at)
            at = end.start() if end else len(html)
        yield Tag(tag, is_end, start, at, name.end())


def attributes(html: str, tag: Tag) -> list[Attribute]:
    """Return the attributes of a tag, each name once, values decoded."""
    found: dict[str, Attribute] = {}
    at = tag.attributes_at
    while (match := _ATTR.match(html, at)) is not None and not match[1]:
        at = match.end()
        group = next((n for n in (3, 4, 5) if match[n] is not None), 0)
        value = unescape(match[group]) if group else ""
        start, end = match.span(group) if group else (at, at)
        found.setdefault(match[2].lower(), Attribute(match[2].lower(), value, start, end))
    return list(found.values())


def values(html: str, tag: Tag) -> dict[str, str]:
    """Return the attributes of a tag by name."""
    return {one.name: one.value for one in attributes(html, tag)}


def text_of(html: str) -> str:
    """Return the text in one line, tags as spaces; for titles and captions."""
    parts: list[str] = []
    at = 0
    for tag in tags(html):
        parts.append(html[at : tag.start])
        at = tag.end
    parts.append(html[at:])
    return " ".join(unescape(" ".join(parts)).split())


def _after_comment(html: str, lt: int) -> int:
    if html.startswith("<!--", lt):
        if html.startswith(("<!-->", "<!--->"), lt):
            return html.index(">", lt) + 1
        end = _COMMENT_END.search(html, lt + 4)
        return end.end() if end else len(html)
    gt = html.find(">", lt)
    return gt + 1 if gt >= 0 else len(html)


def _after_attributes(html: str, at: int) -> int:
    while (match := _ATTR.match(html, at)) is not None:
        at = match.end()
        if match[1]:
            return at
    return -1
