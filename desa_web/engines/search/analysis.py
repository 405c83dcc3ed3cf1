"""Turn text into terms: a root and the surface form for every word, the same for text and query.

Folds case and accents, joins apostrophes and thousands, splits hyphens, maps spelling variants to
one spelling, stems, and adds abbreviations and their long forms to each other. Knows no index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import blake2b

from desa_web.engines.search import lexicon
from desa_web.engines.search.stem import stem

# Marks that \w leaves out but that belong to words: combining accents, Arabic vowels, and the
# signs of the Javanese, Balinese and Sundanese scripts.
LETTER = r"\w\u0300-\u036f\u064b-\u065f\u0670\u1b00-\u1b44\u1b80-\u1bad\ua980-\ua9c0"
TOKEN = re.compile(
    rf"\d+(?:[.,]\d{{3}})+(?![{LETTER}])|[Rr][Pp](?=\d)|[{LETTER}]+(?:['’ʼ‘`][{LETTER}]+)*"
)
_LONGEST_WORD = 40
_NOISE = str.maketrans("", "", "'’ʼ‘`.,_")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ‘`](?=\w)")
_TWICE = re.compile(r"([a-z]{2,})2$")

Terms = tuple[str, str]
"""(root, surface form), both folded."""

ANALYSER_VERSION = "1"


@lru_cache(maxsize=60_000)
def terms_of(token: str) -> Terms | None:
    """Return (root, surface) of one raw token, None when nothing searchable is in it."""
    word = fold(token)
    if not word:
        return None
    word = _variants().get(word, word)
    root = stem(word)
    return _variants().get(root, root), word


def fold(token: str) -> str:
    """Return the token in lower case without accents, apostrophes and thousands marks."""
    word = token.lower()
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = unicodedata.normalize("NFC", "".join(filter(_is_kept, decomposed)))
    word = word.translate(_NOISE)[:_LONGEST_WORD]
    twice = _TWICE.match(word)
    return twice[1] if twice else word


def folded_text(text: str) -> str:
    """Return a running text in lower case, without accents and apostrophes within words."""
    text = text.lower()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", "".join(filter(_is_kept, decomposed)))
    if "'" in text or "’" in text:
        text = _APOSTROPHE.sub("", text)
    return text


def clean(text: str) -> str:
    """Return `text` in the form the index keeps: composed, without control characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", " ").replace("\x1f", " ")


def tokens(text: str) -> list[str]:
    """Return the raw tokens of a text in order."""
    found: list[str] = TOKEN.findall(text)
    return found


def stopwords() -> frozenset[str]:
    return lexicon.word_set("stopwords.txt")


def implied_words(present: set[str], raw: Sequence[str]) -> list[str]:
    """Return long forms of the abbreviations in a text, and abbreviations of its long forms.

    `raw` are the tokens of the text in order, `present` the surface forms in it.
    """
    added = []
    for word in present & _long_forms().keys():
        added += [part for part in _long_forms()[word] if part not in present]
    words: list[str] = []
    for first in present & _abbreviations_by_first().keys():
        for long_form, short in _abbreviations_by_first()[first]:
            if short not in present and present.issuperset(long_form):
                words = words or [terms[1] for token in raw if (terms := terms_of(token))]
                if _runs(words, long_form):
                    added.append(short)
    return added


def spelled_out(word: str) -> tuple[str, ...]:
    """Return the words of the long form of an abbreviation, or nothing."""
    return _long_forms().get(word, ())


def spellings(word: str) -> tuple[str, ...]:
    """Return all known spellings of a canonical word, itself first."""
    return (word, *_spellings().get(word, ()))


@cache
def fingerprint() -> str:
    """Return a hash that changes when the analyser or a word list does: the index is then old."""
    digest = blake2b(ANALYSER_VERSION.encode(), digest_size=8)
    for name in ("roots", "regional", "variants", "abbreviations"):
        digest.update("\n".join(lexicon.lines(f"{name}.txt")).encode())
    return digest.hexdigest()


def _is_kept(character: str) -> bool:
    # Latin accents go; the vowel signs of other scripts carry the word and stay.
    return not ("\u0300" <= character <= "\u036f" or unicodedata.category(character) == "Cf")


def _runs(words: Sequence[str], wanted: Sequence[str]) -> bool:
    size = len(wanted)
    position = -1
    while True:
        try:
            position = words.index(wanted[0], position + 1)
        except ValueError:
            return False
        if tuple(words[position : position + size]) == tuple(wanted):
            return True


@cache
def _variants() -> dict[str, str]:
    return {other: head for head, others in lexicon.pairs("variants.txt") for other in others}


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    return dict(lexicon.pairs("variants.txt"))


@cache
def _long_forms() -> dict[str, tuple[str, ...]]:
    return dict(lexicon.pairs("abbreviations.txt"))


@cache
def _abbreviations_by_first() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for short, long_form in lexicon.pairs("abbreviations.txt"):
        by_first.setdefault(long_form[0], []).append((long_form, short))
    return by_first
