"""Read what a person typed: words, "phrases", -exclusions. Every string is a query; none fails.

Bounded: the first characters and words count, the rest is ignored. Knows no index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from desa_web.engines.search import analysis

MOST_CHARACTERS = 1_000
_MOST_WORDS = 24
_QUOTES = str.maketrans("“”„«»", '"""""')
_PIECE = re.compile(r'(?<!\S)(-?)"([^"]*)"?|(?<!\S)-([^\s"]+)|([^\s"]+)|"([^"]*)"?')


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query; two words with one root are one."""

    root: str
    word: str
    typed: str
    is_optional: bool = False
    """A word without a subject of its own ("yang"), beside words that have one."""


@dataclass(frozen=True, slots=True)
class Parsed:
    words: tuple[Word, ...] = ()
    phrases: tuple[tuple[Word, ...], ...] = ()
    excluded: tuple[tuple[Word, ...], ...] = ()
    sequence: tuple[Word, ...] = ()
    """All wanted words in the order typed, repeated ones too."""


def parse(text: str) -> Parsed:
    """Return what `text` asks for."""
    text = analysis.clean(text[:MOST_CHARACTERS]).translate(_QUOTES)
    wanted: list[Word] = []
    phrases: list[tuple[Word, ...]] = []
    excluded: list[tuple[Word, ...]] = []
    for match in _PIECE.finditer(text):
        minus, quoted, unwanted, plain, glued = match.groups()
        if unwanted is not None:
            excluded.append(_words(unwanted))
        elif plain is not None:
            wanted += _words(plain)
        else:
            phrase = _words(quoted if quoted is not None else glued)
            if minus:
                excluded.append(phrase)
            else:
                wanted += phrase
                if len(phrase) > 1:
                    phrases.append(phrase)
    quoted_words = {word for phrase in phrases for word in phrase}
    return Parsed(
        words=_distinct(wanted[:_MOST_WORDS], quoted_words),
        phrases=tuple(phrases),
        excluded=tuple(words for words in excluded if words),
        sequence=tuple(wanted[:_MOST_WORDS]),
    )


def _words(text: str) -> tuple[Word, ...]:
    found = ((token, analysis.terms_of(token)) for token in analysis.tokens(text)[:_MOST_WORDS])
    return tuple(Word(terms[0], terms[1], token) for token, terms in found if terms)


def _distinct(words: list[Word], quoted: set[Word]) -> tuple[Word, ...]:
    by_root: dict[str, Word] = {}
    for word in words:
        by_root.setdefault(word.root, word)
    stop = analysis.stopwords()
    optional = {root for root, word in by_root.items() if word.word in stop and word not in quoted}
    if len(optional) == len(by_root):
        optional = set()
    return tuple(
        replace(word, is_optional=True) if root in optional else word
        for root, word in by_root.items()
    )
