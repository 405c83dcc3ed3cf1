"""Take page furniture out of foreign texts: counters, share rows, "baca juga", polls.

Parts are cut out of the source; what is not cut stays character by character as it came, so
that nothing of an article can be changed by it. What is doubtful stays: a line too many is seen
and deleted by a person, a sentence lost is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import unescape

from desa_web.engines.feeds.reading import chrome_rules as rules
from desa_web.engines.feeds.reading import markup

_MAX_CHARS = 2_000_000
# Longer than this is no furniture, whatever it is called.
_LINE_WORDS, _LINE_CHARS, _ELEMENT_WORDS, _ROW_WORDS = 40, 500, 120, 25
_RELATED_LINES, _POLL_LINES = 12, 12
_BOXES = frozenset({
    "a", "aside", "div", "footer", "form", "nav", "ol", "section", "span", "table", "ul",
})  # fmt: skip
_BREAKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "button", "center", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "label", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_SPACE = re.compile(r"\s+")
_EDGE = " \t|•·:–—-»«›>*"


def without_chrome(html: str) -> str:
    """Return the HTML without what belongs to the page around an article.

    Never raises, linear in time; applied to its own result it changes nothing more that the
    first time did not uncover.
    """
    if len(html) > _MAX_CHARS:
        return html
    html = _cut(html, _boxes(html))
    return _cut(html, _furniture(_lines(html)))


@dataclass(slots=True)
class _Line:
    """What a reader sees as one line: its texts and pictures in the source."""

    pieces: list[tuple[int, int]] = field(default_factory=list)
    pictures: list[tuple[int, int]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)
    words: int = 0
    linked: int = 0
    linked_pictures: int = 0
    text: str = ""

    @property
    def is_linked(self) -> bool:
        return self.words > 0 and self.linked == self.words

    @property
    def shares(self) -> bool:
        """Every link of the line leads to a "share this" page."""
        return bool(self.hrefs) and all(rules.SHARE_LINK.search(href) for href in self.hrefs)

    def ranges(self) -> list[tuple[int, int]]:
        return [*self.pieces, *self.pictures]


def _boxes(html: str) -> list[tuple[int, int]]:
    """Return the elements that a known plugin made, unless an article stands in them."""
    found: list[tuple[int, int, int, int]] = []
    opened: dict[str, list[tuple[int, bool, int, int]]] = {}
    words = prose = at = 0
    for tag in markup.tags(html):
        count = len(html[at : tag.start].split())
        words += count
        prose += 0 if opened.get("a") else count
        at = tag.end
        if tag.name in markup.VOID or tag.name not in _BOXES:
            continue
        stack = opened.setdefault(tag.name, [])
        if not tag.is_end:
            named = _is_named(html, tag)
            stack.append((tag.start, named, words, prose))
        elif stack:
            start, named, words_before, prose_before = stack.pop()
            if named:
                found.append((start, tag.end, words - words_before, prose - prose_before))
    prose += len(html[at:].split())
    return [
        (start, end)
        for start, end, inside, own in found
        if own <= _ELEMENT_WORDS and (inside <= _ROW_WORDS or 2 * own <= prose)
    ]


def _is_named(html: str, tag: markup.Tag) -> bool:
    values = markup.values(html, tag)
    names = f"{values.get('class', '')} {values.get('id', '')}"
    return len(names) > 1 and rules.CLASSES.search(names[:1000]) is not None


def _lines(html: str) -> list[_Line]:
    lines = [_Line()]
    links: list[str] = []
    at = 0
    for tag in markup.tags(html):
        _add_text(lines[-1], html, at, tag.start, bool(links))
        at = tag.end
        if tag.name in markup.RAW and not tag.is_end:
            continue
        if tag.name == "a" and not tag.is_end:
            links = [markup.values(html, tag).get("href", "")]
            lines[-1].hrefs += links
        elif tag.name == "a":
            links = []
        elif tag.name == "img" and not tag.is_end:
            lines[-1].pictures.append((tag.start, tag.end))
            lines[-1].linked_pictures += bool(links)
        elif tag.name in _BREAKS and (lines[-1].raw or lines[-1].pictures):
            lines.append(_Line(hrefs=list(links)))
    _add_text(lines[-1], html, at, len(html), bool(links))
    for line in lines:
        joined = unicodedata.normalize("NFKC", " ".join(line.raw)) if line.raw else ""
        line.text = _SPACE.sub(" ", "".join(map(_plain, joined))).strip(_EDGE).lower()
    return lines


def _plain(letter: str) -> str:
    """Icons and joiners are no words of a line."""
    return " " if unicodedata.category(letter) in ("So", "Co", "Cf", "Sk", "Mn") else letter


def _add_text(line: _Line, html: str, start: int, end: int, is_link: bool) -> None:
    text = unescape(html[start:end]) if end > start else ""
    words = len(text.split())
    if not words:
        return
    line.pieces.append((start, end))
    line.words += words
    line.linked += words if is_link else 0
    if line.words <= 2 * _LINE_WORDS:
        line.raw.append(text[: 2 * _LINE_CHARS])


def _furniture(lines: Sequence[_Line]) -> list[tuple[int, int]]:
    cut: set[int] = set()
    last = max((number for number, line in enumerate(lines) if line.text), default=-1)
    for number, line in enumerate(lines):
        if number in cut or line.words > _LINE_WORDS or len(line.text) > _LINE_CHARS:
            continue
        if _is_furniture(line):
            cut.add(number)
            cut.update(_after_share(lines, number))
        elif rules.RELATED.match(line.text):
            cut.update(_related(lines, number, last))
        elif rules.POLL_TITLE.fullmatch(line.text):
            cut.update(_poll(lines, number, last))
    return [piece for number in cut for piece in lines[number].ranges()]


def _is_furniture(line: _Line) -> bool:
    text = line.text
    if not text:
        is_row = line.linked_pictures == len(line.pictures) > 0
        return is_row and line.shares
    if rules.LINES.fullmatch(text) or (line.linked and rules.FEED_FOOTER.fullmatch(text)):
        return True
    if line.is_linked and (line.shares or rules.LINKED_LINES.fullmatch(text)):
        return True
    return _is_about(text)


def _is_about(text: str) -> bool:
    """Return whether the line is made of counters, share words, dates and bylines only."""
    at, is_sure = 0, False
    while at < len(text):
        sure = _longest(rules.SURE_PARTS, text, at)
        end = sure or _longest(rules.OTHER_PARTS, text, at)
        if end <= at:
            return False
        is_sure = is_sure or bool(sure)
        gap = rules.SEPARATORS.match(text, end)
        if gap is None and end < len(text) and text[end] not in "()[]!.&":
            return False
        at = gap.end() if gap else end
        while at < len(text) and text[at] in "()[]!.& ":
            at += 1
    return is_sure


def _longest(patterns: Iterable[re.Pattern[str]], text: str, at: int) -> int:
    """Return where the longest match at this place ends, 0 when there is none."""
    return max((m.end() for p in patterns if (m := p.match(text, at)) is not None), default=0)


def _after_share(lines: Sequence[_Line], number: int) -> Iterable[int]:
    """Yield the lines of names ("Facebook", "WhatsApp") that follow "Bagikan ini:"."""
    if not re.match(r"(?:share|bagikan|sebarkan)\b", lines[number].text):
        return
    for below in range(number + 1, len(lines)):
        line = lines[below]
        if line.text and not rules.NET.fullmatch(line.text):
            return
        if line.text or line.shares:
            yield below


def _related(lines: Sequence[_Line], number: int, last: int) -> Iterable[int]:
    """Return the line with its links, or the label with the lines of links below it."""
    line = lines[number]
    label = rules.RELATED.match(line.text)
    if label is None:
        return ()
    rest = line.text[label.end() :].strip(_EDGE)
    if rest:
        unlinked = line.words - line.linked
        # The label itself and a dash may stand outside the link.
        is_only_link = line.linked > 0 and unlinked <= len(label[0].split()) + 1
        return (number,) if is_only_link else ()
    below: list[int] = []
    for other in range(number + 1, min(number + 1 + _RELATED_LINES, len(lines))):
        if not lines[other].is_linked:
            if lines[other].text:
                break
            continue
        below.append(other)
    return (number, *below) if below or number == last else ()


def _poll(lines: Sequence[_Line], number: int, last: int) -> Iterable[int]:
    """Return a poll's lines: a title, options with percentages, and what only a poll has.

    That is its buttons or counts of votes; or a question and shares that make a hundred; or that
    nothing comes after it. An article about a survey has sentences around its figures.
    """
    found, shares, has_mark, asks = [number], [], False, False
    for other in range(number + 1, min(number + 1 + _POLL_LINES, len(lines))):
        text = lines[other].text
        if not text:
            continue
        share = rules.PERCENT.search(text)
        if rules.POLL_MARK.fullmatch(text):
            has_mark = True
        elif share and rules.POLL_LINE.fullmatch(text):
            shares.append(float(share[1].replace(",", ".")))
            has_mark = has_mark or "suara" in text or "vote" in text
        elif shares or not text.endswith("?"):
            break
        else:
            asks = True
        found.append(other)
    is_poll = has_mark or (asks and 98 <= sum(shares) <= 102) or found[-1] == last
    return found if len(shares) >= 2 and is_poll else ()


def _cut(html: str, ranges: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(ranges):
        if start >= at:
            parts.append(html[at:start])
        at = max(at, end)
    parts.append(html[at:])
    return "".join(parts)
