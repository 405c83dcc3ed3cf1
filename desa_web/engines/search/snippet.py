"""Cut the passage out of a text that shows best why it was found, with the words marked.

Returns plain text in pieces; escaping is the page's. Looks at a bounded stretch of long texts.
"""

from __future__ import annotations

from collections.abc import Collection

from desa_web.engines.search import analysis
from desa_web.engines.search.model import Part

_LENGTH = 240
_STRETCH = 40_000
_MOST_STRETCHES = 12
_MOST_PLACES = 400


def snippet(text: str, weights: dict[str, float], surfaces: Collection[str]) -> tuple[Part, ...]:
    """Return about 240 characters of `text` around the heaviest roots of `weights`."""
    for start in range(0, min(len(text), _STRETCH * _MOST_STRETCHES), _STRETCH):
        stretch = text[start : start + _STRETCH]
        places = _places(stretch, weights, surfaces)
        if places:
            return _cut(stretch, places, is_start=start == 0)
    return _cut(text[: _LENGTH * 2], [], is_start=True)


def _places(
    text: str, weights: dict[str, float], surfaces: Collection[str]
) -> list[tuple[int, int, str, float]]:
    """Return (start, end, root, weight) of every word of `text` that the query asked for."""
    terms_of = analysis.terms_of
    places: list[tuple[int, int, str, float]] = []
    for token in set(analysis.tokens(text)):
        terms = terms_of(token)
        if terms is None or terms[0] not in weights:
            continue
        weight = weights[terms[0]] * (1.2 if terms[1] in surfaces else 1.0)
        end = 0
        while (start := text.find(token, end)) >= 0 and len(places) < _MOST_PLACES:
            end = start + len(token)
            if _stands_alone(text, start, end):
                places.append((start, end, terms[0], weight))
    places.sort()
    return places


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = start == 0 or not text[start - 1].isalnum()
    return before and (end == len(text) or not text[end].isalnum())


def _cut(
    text: str, places: list[tuple[int, int, str, float]], *, is_start: bool
) -> tuple[Part, ...]:
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


def _window(text: str, places: list[tuple[int, int, str, float]]) -> tuple[int, int]:
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
