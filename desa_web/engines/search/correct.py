"""Offer a known word for one that no document has: typing errors, old orthography, lost spaces.

Candidates are made from the typed word and looked up; the vocabulary is never walked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 4
_SHORTEST_FOR_TWO = 6
_OLD_SPELLING = (
    ("oe", "u"), ("tj", "c"), ("dj", "j"), ("nj", "ny"), ("sj", "sy"), ("ch", "kh"), ("j", "y"),
    ("f", "p"), ("v", "p"), ("p", "f"), ("z", "j"), ("kh", "k"), ("sy", "s"), ("dh", "d"),
    ("th", "t"), ("q", "k"), ("k", "q"), ("x", "ks"),
)  # fmt: skip


def corrected(word: str, frequency: Callable[[str], int]) -> str | None:
    """Return the likeliest known word or words for the unknown `word`, None when there is none.

    `frequency` says in how many documents a word is.
    """
    if len(word) < _SHORTEST or not word.isalpha():
        return None
    for group in (_respelled(word), _one_error(word)):
        if best := _best(word, group, frequency):
            return best
    if (halves := _split(word, frequency)) is not None:
        return halves
    if len(word) >= _SHORTEST_FOR_TWO:
        return _best(word, _two_errors(word), frequency)
    return None


def _best(word: str, candidates: Iterable[str], frequency: Callable[[str], int]) -> str | None:
    best, best_value = None, 0.0
    for candidate in candidates:
        if count := frequency(candidate):
            value = count * _likelihood(word, candidate)
            if value > best_value:
                best, best_value = candidate, value
    return best


def _likelihood(typed: str, meant: str) -> float:
    """Swapped and doubled letters are frequent; a wrong first letter is rare."""
    value = 1.0
    if typed[0] != meant[0]:
        value /= 8
    if sorted(typed) == sorted(meant):
        value *= 3
    if len(typed) != len(meant) and set(typed) == set(meant):
        value *= 2
    return value


def _respelled(word: str) -> Iterator[str]:
    whole = word
    for old, new in _OLD_SPELLING:
        if old in word:
            yield word.replace(old, new)
        whole = whole.replace(old, new) if len(old) == 2 and old[-1] in "ej" else whole
    if whole != word:
        yield whole


def _one_error(word: str) -> set[str]:
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {left + right[1:] for left, right in splits if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    found |= {left + c + right[1:] for left, right in splits if right for c in _ALPHABET}
    found |= {left + c + right for left, right in splits for c in _ALPHABET}
    return found


def _two_errors(word: str) -> Iterator[str]:
    """Yield what is two cheap errors away: one letter lost, doubled or swapped, and any other."""
    cheap = {word[:i] + word[i + 1 :] for i in range(len(word))}
    cheap |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    for other in sorted(cheap)[:16]:
        yield from _one_error(other)


def _split(word: str, frequency: Callable[[str], int]) -> str | None:
    best, best_value = None, 0
    for place in range(3, len(word) - 2):
        left, right = word[:place], word[place:]
        value = min(frequency(left), frequency(right))
        if value > best_value:
            best, best_value = f"{left} {right}", value
    return best
