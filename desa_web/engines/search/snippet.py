"""Cut the passage out of a text that shows best why it was found, with the words marked.

Returns plain text in pieces; escaping is the page's. Looks at a bounded stretch of long texts.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from desa_web.engines.search import analysis
from desa_web.engines.search.model import Part

_LENGTH = 240
_STRETCH = 40_000
_MOST_STRETCHES = 12
_MOST_PLACES = 100
_EXACT = 1.2

Wanted = tuple[float, str, Container[str], Sequence[str]]
"""(weight, the form typed, all forms, those forms that do not hold the root) of a root."""
Place = tuple[int, int, str, float]
"""(start, end, root, weight) of a word in a text."""


def snippet(text: str, wanted: Mapping[str, Wanted]) -> tuple[Part, ...]:
    """Return about 240 characters of `text` around the words of `wanted` ({root: …})."""
    for start in range(0, min(len(text), _STRETCH * _MOST_STRETCHES), _STRETCH):
        stretch = text[start : start + _STRETCH]
        places = _places(stretch, wanted)
        if places:
            return _cut(stretch, places, is_start=start == 0)
    return _cut(text[: _LENGTH * 2], [], is_start=True)


def _places(text: str, wanted: Mapping[str, Wanted]) -> list[Place]:
    """Return every wanted word of `text`: known forms are looked for, which is quick."""
    folded = text.lower()
    if len(folded) != len(text):
        return _places_by_token(text, wanted)
    places: list[Place] = []
    missing = False
    for root, (weight, exact, within, around) in wanted.items():
        before = len(places)
        for start, end in _matches(folded, root, within, around):
            value = weight * (_EXACT if folded[start:end] == exact else 1.0)
            places.append((start, end, root, value))
        missing = missing or len(places) == before
    if missing and not (text.isascii() and "'" not in text):
        return _places_by_token(text, wanted)
    places.sort()
    return places


def _matches(
    text: str, root: str, within: Container[str], around: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield where a form of `root` stands: one look for all forms that hold the root."""
    for form in (root, *around):
        start = text.find(form)
        for _ in range(_MOST_PLACES):
            if start < 0:
                break
            first, end = _word_at(text, start, start + len(form))
            if text[first:end] in within:
                yield first, end
            start = text.find(form, end)


def _word_at(text: str, start: int, end: int) -> tuple[int, int]:
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def _places_by_token(text: str, wanted: Mapping[str, Wanted]) -> list[Place]:
    """The slow and thorough way, for words with accents and apostrophes."""
    places: list[Place] = []
    for match in analysis.TOKEN.finditer(text):
        terms = analysis.terms_of(match[0])
        if terms and terms[0] in wanted:
            weight, exact = wanted[terms[0]][:2]
            value = weight * (_EXACT if terms[1] == exact else 1.0)
            places.append((match.start(), match.end(), terms[0], value))
    return places


def _cut(text: str, places: list[Place], *, is_start: bool) -> tuple[Part, ...]:
    start, stop = _window(text, places)
    parts: list[Part] = []
    if start > 0 or not is_start:
        parts.append(Part("… ", False))
    position = start
    for first, end, _, _ in places:
        if first >= position and end <= stop:
            if first > position:
                parts.append(Part(_spaced(text[position:first]), False))
            parts.append(Part(text[first:end], True))
            position = end
    rest = _spaced(text[position:stop])
    if stop < len(text):
        rest = rest.rstrip() + " …"
    if rest:
        parts.append(Part(rest, False))
    return tuple(parts)


def _window(text: str, places: list[Place]) -> tuple[int, int]:
    """Return where the best passage begins and ends, on word boundaries."""
    best, best_value = 0, -1.0
    for index, (start, _, _, _) in enumerate(places):
        value, roots = 0.0, set()
        for _, end, root, weight in places[index : index + 24]:
            if end - start > _LENGTH - 40:
                break
            value += weight * (0.1 if root in roots else 1.0)
            roots.add(root)
        if value > best_value * 1.0001:
            best, best_value = start, value
    start = max(best - 40, 0)
    if start:
        space = text.find(" ", start, best)
        start = space + 1 if space >= 0 else best
    stop = min(start + _LENGTH, len(text))
    if stop < len(text):
        space = text.rfind(" ", start + _LENGTH // 2, stop)
        stop = space if space >= 0 else stop
    return start, stop


def _spaced(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")
