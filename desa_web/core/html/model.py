"""The shapes a text may have: what the editor, the pages and the merge agree on.

A document is a tuple of blocks. Everything that is not in this file cannot be stored, so the
list below is the whole allow-list of the house. It holds no parsing and no writing.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text with one set of marks; the text ``"\\n"`` alone is a line break."""

    text: str
    href: str = ""
    strong: bool = False
    em: bool = False


BREAK = Run("\n")

Inline: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: Inline


@dataclass(frozen=True, slots=True)
class Heading:
    level: int  # 2 or 3
    runs: Inline


@dataclass(frozen=True, slots=True)
class ListBlock:
    is_ordered: bool
    items: "tuple[tuple[Block, ...], ...]"  # paragraphs and lists


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: "tuple[Block, ...]"  # paragraphs and lists


@dataclass(frozen=True, slots=True)
class Figure:
    """A photo named by its id; picture, sizes and alt text belong to the media store."""

    photo_id: str
    caption: str


@dataclass(frozen=True, slots=True)
class Cell:
    is_head: bool
    colspan: int
    rowspan: int
    blocks: "tuple[Block, ...]"  # paragraphs and lists


@dataclass(frozen=True, slots=True)
class Table:
    has_head: bool  # the first row is the thead
    rows: tuple[tuple[Cell, ...], ...]


Block: TypeAlias = Paragraph | Heading | ListBlock | Quote | Figure | Table
Document: TypeAlias = tuple[Block, ...]
