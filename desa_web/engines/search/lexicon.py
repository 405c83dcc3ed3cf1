"""Read the word lists of the package (data/*.txt): one format, comments with #, cached.

Does not fold or stem; the lists hold folded words already.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the lines of a list without comments and blanks."""
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    stripped = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return tuple(line for line in stripped if line)


@cache
def word_set(name: str) -> frozenset[str]:
    """Return all words of a list whose lines hold words."""
    return frozenset(word for line in lines(name) for word in line.split())


@cache
def pairs(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (head, words) for each line "head: word word"."""
    split = (line.partition(":") for line in lines(name))
    return tuple((head.strip(), tuple(rest.split())) for head, _, rest in split)
