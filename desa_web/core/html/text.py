"""Texts taken out of a document: for the index, for teasers, for the ledger of domains."""

import unicodedata
from collections.abc import Iterable, Iterator

from desa_web.core.html.inline import text_of_runs
from desa_web.core.html.links import host_of, is_outgoing
from desa_web.core.html.model import (
    Block,
    Document,
    Figure,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Run,
    Table,
)


def text_of(blocks: Iterable[Block]) -> str:
    """Return the text, one line a paragraph, item, caption or table row."""
    return "\n".join(_lines(blocks))


def excerpt_of(document: Document, limit: int) -> str:
    """Return the start of the running text in one line of at most `limit` characters."""
    words: list[str] = []
    size = -1
    for block in document:
        if not isinstance(block, Paragraph | ListBlock | Quote):
            continue
        for word in text_of([block]).split():
            words.append(word)
            size += 1 + len(word)
            if size > limit:
                return _cut(" ".join(words), limit)
    return " ".join(words)


def domains_of(document: Document) -> frozenset[str]:
    """Return the hosts of all outgoing links, in punycode and without "www."."""
    hosts = (host_of(run.href) for run in _runs(document) if is_outgoing(run.href))
    return frozenset(host.removeprefix("www.") for host in hosts)


def _lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(runs) | Heading(_, runs):
                yield text_of_runs(runs)
            case ListBlock(_, items):
                for item in items:
                    yield from _lines(item)
            case Quote(inner):
                yield from _lines(inner)
            case Figure(_, caption):
                if caption:
                    yield caption
            case Table(_, rows):
                for row in rows:
                    cells = (" ".join(_lines(cell.blocks)) for cell in row)
                    yield " · ".join(cell for cell in cells if cell)


def _runs(blocks: Iterable[Block]) -> Iterator[Run]:
    for block in blocks:
        match block:
            case Paragraph(runs) | Heading(_, runs):
                yield from runs
            case ListBlock(_, items):
                for item in items:
                    yield from _runs(item)
            case Quote(inner):
                yield from _runs(inner)
            case Table(_, rows):
                for row in rows:
                    for cell in row:
                        yield from _runs(cell.blocks)


def _cut(text: str, limit: int) -> str:
    """Cut before a word and mark the cut; a word longer than the limit is cut inside."""
    if limit < 2:
        return "…"[:limit]
    at = text.rfind(" ", 0, limit)
    if at < limit // 2:
        at = limit - 1
        while at > 0 and _joins(text, at):
            at -= 1
    return text[:at].rstrip(" ,;:–-") + "…"


def _joins(text: str, at: int) -> bool:
    """Tell whether a cut here would tear a character that is made of several code points."""
    return (
        unicodedata.category(text[at]).startswith("M")
        or text[at] in "\u200c\u200d\ufe0f"
        or text[at - 1] == "\u200d"
        or "\U0001f3fb" <= text[at] <= "\U0001f3ff"
    )
