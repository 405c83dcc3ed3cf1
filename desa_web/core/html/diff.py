"""What changed between two texts, for the eye: <ins> and <del> around words and blocks.

The result is for showing beside an article under review; it is never stored or merged.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from desa_web.core.html.model import (
    BREAK,
    Block,
    Cell,
    Document,
    Heading,
    Inline,
    ListBlock,
    Paragraph,
    Quote,
    Run,
    Table,
)
from desa_web.core.html.text import text_of
from desa_web.core.html.write import block_html, inline_html, sanitised

_WORD = re.compile(r"[^\W_]+|[ \t]+|.", re.S)
_ALIKE = 0.4  # the share of words two paragraphs must share to be one that was reworded
_MAX_PAIRS = 2_000
_MAX_WORD_PAIRS = 4_000_000

Row = tuple[Cell, ...]


def diff_of(old: Document, new: Document) -> str:
    """Return both texts in one, with what went in <del> and what came in <ins>."""
    return sanitised("".join(_blocks(old, new)), also={"ins", "del"})


def _blocks(old: Sequence[Block], new: Sequence[Block]) -> Iterator[str]:
    for tag, a, b, c, d in _opcodes([block_html(x) for x in old], [block_html(x) for x in new]):
        if tag == "equal":
            yield from map(block_html, new[c:d])
        else:
            yield from _rewritten(old[a:b], new[c:d])


def _rewritten(old: Sequence[Block], new: Sequence[Block]) -> Iterator[str]:
    """Pair the blocks that were reworded, in order; the others went or came."""
    a = c = 0
    for i, j in [*_pairs(old, new), (len(old), len(new))]:
        yield from (_whole("del", block) for block in old[a:i])
        yield from (_whole("ins", block) for block in new[c:j])
        if i < len(old) and j < len(new):
            yield _changed(old[i], new[j])
        a, c = i + 1, j + 1


def _pairs(old: Sequence[Block], new: Sequence[Block]) -> Iterator[tuple[int, int]]:
    if len(old) * len(new) > _MAX_PAIRS:
        return
    at = 0
    for j, block in enumerate(new):
        for i in range(at, len(old)):
            if _is_alike(old[i], block):
                yield i, j
                at = i + 1
                break


def _is_alike(old: Block, new: Block) -> bool:
    if type(old) is not type(new):
        return False
    ours, theirs = set(text_of([old]).split()), set(text_of([new]).split())
    return len(ours & theirs) >= _ALIKE * max(len(ours), len(theirs), 1)


def _changed(old: Block, new: Block) -> str:
    match old, new:
        case Paragraph(was), Paragraph(runs):
            return f"<p>{_inline(was, runs)}</p>"
        case Heading(level, was), Heading(new_level, runs) if level == new_level:
            return f"<h{level}>{_inline(was, runs)}</h{level}>"
        case ListBlock(kind, items), ListBlock(new_kind, new_items) if kind == new_kind:
            tag = "ol" if kind else "ul"
            return f"<{tag}>{''.join(_items(items, new_items))}</{tag}>"
        case Quote(was_blocks), Quote(blocks):
            return f"<blockquote>{''.join(_blocks(was_blocks, blocks))}</blockquote>"
        case Table(head, rows), Table(new_head, new_rows) if head == new_head:
            return _table(head, rows, new_rows)
    return _whole("del", old) + _whole("ins", new)


def _items(old: Sequence[tuple[Block, ...]], new: Sequence[tuple[Block, ...]]) -> Iterator[str]:
    for tag, a, b, c, d in _opcodes(old, new):
        if tag == "equal":
            yield from (f"<li>{_inner(item)}</li>" for item in new[c:d])
        elif tag == "replace" and b - a == d - c:
            pairs = zip(old[a:b], new[c:d], strict=True)
            yield from (f"<li>{_changed_inner(was, now)}</li>" for was, now in pairs)
        else:
            yield from (f"<li><del>{_inner(item)}</del></li>" for item in old[a:b])
            yield from (f"<li><ins>{_inner(item)}</ins></li>" for item in new[c:d])


def _table(has_head: bool, old: Sequence[Row], new: Sequence[Row]) -> str:
    rows: list[str] = []
    for tag, a, b, c, d in _opcodes(old, new):
        if tag == "equal":
            rows += [_row(row, [_inner(cell.blocks) for cell in row]) for row in new[c:d]]
            continue
        for was, now in zip(old[a:b], new[c:d], strict=False):
            if len(was) == len(now):
                pairs = zip(was, now, strict=True)
                rows.append(_row(now, [_changed_inner(x.blocks, y.blocks) for x, y in pairs]))
            else:
                rows += [_marked_row("del", was), _marked_row("ins", now)]
        same = min(b - a, d - c)
        rows += [_marked_row("del", row) for row in old[a + same : b]]
        rows += [_marked_row("ins", row) for row in new[c + same : d]]
    head, body = (rows[:1], rows[1:]) if has_head else ([], rows)
    thead = f"<thead>{head[0]}</thead>" if head else ""
    return f"<table>{thead}<tbody>{''.join(body)}</tbody></table>"


def _marked_row(mark: str, row: Row) -> str:
    return _row(row, [f"<{mark}>{_inner(cell.blocks)}</{mark}>" for cell in row])


def _row(cells: Row, contents: Sequence[str]) -> str:
    out = []
    for cell, content in zip(cells, contents, strict=True):
        tag = "th" if cell.is_head else "td"
        spans = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
        spans += f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
        out.append(f"<{tag}{spans}>{content}</{tag}>")
    return f"<tr>{''.join(out)}</tr>"


def _changed_inner(old: tuple[Block, ...], new: tuple[Block, ...]) -> str:
    match old, new:
        case (Paragraph(was),), (Paragraph(now),):
            return _inline(was, now)
    return "".join(_blocks(old, new))


def _inner(blocks: Sequence[Block]) -> str:
    match blocks:
        case (Paragraph(runs),):
            return inline_html(runs)
    return "".join(map(block_html, blocks))


def _whole(mark: str, block: Block) -> str:
    """Mark the words of a block that went or came as a whole, or the block around them."""
    match block:
        case Paragraph(runs):
            return f"<p><{mark}>{inline_html(runs)}</{mark}></p>"
        case Heading(level, runs):
            return f"<h{level}><{mark}>{inline_html(runs)}</{mark}></h{level}>"
    return f"<{mark}>{block_html(block)}</{mark}>"


def _inline(old: Inline, new: Inline) -> str:
    was, now = list(_words(old)), list(_words(new))
    out = []
    for tag, a, b, c, d in _opcodes(was, now):
        if tag == "equal":
            out.append(inline_html(tuple(now[c:d])))
            continue
        if a < b:
            out.append(f"<del>{inline_html(tuple(was[a:b]))}</del>")
        if c < d:
            out.append(f"<ins>{inline_html(tuple(now[c:d]))}</ins>")
    return "".join(out)


def _words(runs: Inline) -> Iterator[Run]:
    for run in runs:
        if run == BREAK:
            yield run
        else:
            yield from (replace(run, text=word) for word in _WORD.findall(run.text))


def _opcodes(
    old: Sequence[object], new: Sequence[object]
) -> Iterator[tuple[str, int, int, int, int]]:
    if len(old) * len(new) > _MAX_WORD_PAIRS:  # too long to compare: all of it changed
        yield "replace", 0, len(old), 0, len(new)
        return
    yield from SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
