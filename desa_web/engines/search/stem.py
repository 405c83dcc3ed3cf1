"""Find the root of an Indonesian word, so that "pembangunan" meets "membangun".

Readings of affixes are tried against a list of roots (data/roots.txt); a word without a known root
falls back on the light algorithm of Tala (snowballstemmer), which needs no list. Words of
Javanese and Sundanese (data/regional.txt) stay whole. Works on folded words; knows no index.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Protocol, cast

from desa_web.engines.search.lexicon import word_set

_PACKAGE = "snowballstemmer"
_PARTICLES = ("lah", "kah", "tah", "pun")
_POSSESSIVES = ("nya", "ku", "mu")
_DERIVATIONS = ("kan", "an", "i")
_FIRST_OF_PREFIX = frozenset("bdkmnpst")
_VOWELS = frozenset("aiueo")
_MIN_ROOT = 3
_MAX_PREFIXES = 3

# What a nasal prefix hides: "menulis" is "tulis". Of two known roots of one length the one whose
# letter is still there wins: "memakan" is "makan", not "pakan".
_NASAL = (("meny", ("ny", "s")), ("peny", ("ny", "s")), ("nge", ("",)))
_BEFORE_VOWEL = {"mem": ("m", "p"), "pem": ("m", "p"), "men": ("n", "t"), "pen": ("n", "t")}
_PLAIN = ("memper", "diper", "per", "ber", "ter", "di", "ke", "se", "pe", "me", "ku", "kau")


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


def stem(word: str) -> str:
    """Return the root of a folded (lowercase, unaccented) word; itself when nothing is sure."""
    if len(word) <= _MIN_ROOT or not word.isalpha() or not word.isascii():
        return word
    if word in roots() or word in _regional():
        return word
    best = ""
    for candidate in _readings(word):
        if len(candidate) > len(best) and candidate in roots():
            best = candidate
    return best or _light(word)


@cache
def roots() -> frozenset[str]:
    """Return the known roots."""
    return word_set("roots.txt")


@cache
def _regional() -> frozenset[str]:
    return word_set("regional.txt")


@cache
def _tala() -> Callable[[], _Stemmer]:
    """Return what makes a stemmer; each holds the word that it works on, so none is shared.

    Only one language is loaded: the package itself loads forty, 3.5 MB of a village's server.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or _PACKAGE in sys.modules:
        return partial(import_module(_PACKAGE).stemmer, "indonesian")
    # Found as a package, but never run; whoever else wants it afterwards gets it whole.
    sys.modules[_PACKAGE] = module_from_spec(spec)
    try:
        module = import_module(f"{_PACKAGE}.indonesian_stemmer")
    finally:
        del sys.modules[_PACKAGE]
    return cast("Callable[[], _Stemmer]", module.IndonesianStemmer)


def _light(word: str) -> str:
    """Strip what is safe without a root list: short results are more often wrong than right."""
    cut = _tala()().stemWord(word)
    return cut if len(cut) > _MIN_ROOT else word


def _readings(word: str) -> Iterator[str]:
    """Yield every stem that some legal reading of the affixes leaves, suffixes first."""
    bases = list(_without_suffixes(word))
    yield from bases
    seen = set(bases)
    layer = bases
    for _ in range(_MAX_PREFIXES):
        following = []
        for base in layer:
            for shorter in _without_prefix(base):
                if shorter not in seen:
                    seen.add(shorter)
                    following.append(shorter)
        yield from following
        layer = following


def _without_suffixes(word: str) -> Iterator[str]:
    forms = [word]
    for group in (_PARTICLES, _POSSESSIVES, _DERIVATIONS):
        for form in tuple(forms):
            for suffix in group:
                if form.endswith(suffix) and len(form) - len(suffix) >= _MIN_ROOT:
                    forms.append(form[: -len(suffix)])
    return iter(forms)


def _without_prefix(word: str) -> Iterator[str]:
    if word[0] not in _FIRST_OF_PREFIX:
        return
    for prefix, hidden in _NASAL:
        if word.startswith(prefix):
            for letter in hidden:
                yield from _long_enough(letter + word[len(prefix) :])
    for prefix in ("meng", "peng"):
        if word.startswith(prefix):
            rest = word[4:]
            yield from _long_enough(rest)
            if rest[:1] in _VOWELS:
                yield from _long_enough("k" + rest)
            if rest.startswith("e"):
                yield from _long_enough(rest[1:])
    for prefix, letters in _BEFORE_VOWEL.items():
        if word.startswith(prefix):
            rest = word[3:]
            if rest[:1] in _VOWELS:
                for letter in letters:
                    yield from _long_enough(letter + rest)
            else:
                yield from _long_enough(rest)
    for prefix in _PLAIN:
        if word.startswith(prefix):
            yield from _long_enough(word[len(prefix) :])
    if word.startswith(("ber", "per", "ter")) and word[3:4] in _VOWELS:
        yield from _long_enough("r" + word[3:])
    if word.startswith(("bel", "pel")) and word[3:] == "ajar":
        yield "ajar"
    if word.startswith("be") and word[2:] in ("kerja", "ternak", "serta"):
        yield word[2:]


def _long_enough(word: str) -> Iterator[str]:
    if len(word) >= _MIN_ROOT:
        yield word
