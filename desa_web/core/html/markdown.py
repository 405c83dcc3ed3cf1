"""Markdown in and out: CommonMark with tables, and photos as ``![caption](foto:ID)``.

What Markdown cannot say (joined cells, marks inside words) is written as HTML, which CommonMark
allows; so every document comes back from its Markdown as it was.
"""

import re
from collections.abc import Callable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from desa_web.core.html.build import parse
from desa_web.core.html.model import (
    BREAK,
    Block,
    Document,
    Figure,
    Heading,
    Inline,
    ListBlock,
    Paragraph,
    Quote,
    Run,
    Table,
)
from desa_web.core.html.write import block_html

_PHOTO = "foto:"
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~]")
_ENTITY = re.compile(r"&(?=[#a-zA-Z])")
_LINE_START = re.compile(r"^(?:([#+=:-])|([0-9]{1,9})(?=[.)]))")
_LAST_HASHES = re.compile(r"#+$")
_ODD_SPACE = re.compile(r"[^\S ]")

InlineWriter = Callable[[Inline], str]
_Pair = tuple[str, str]  # what opens and what closes a mark


def document_of_markdown(text: str) -> Document:
    """Return the document that a Markdown text stands for."""
    html = _MARKDOWN.render(text)
    return parse(html)


def markdown_of(document: Document) -> str:
    """Return Markdown from which `document_of_markdown` makes the same document."""
    if not document:
        return ""
    writers = [_markdown_inline] * len(document)
    text = _joined([_block(b, w) for b, w in zip(document, writers, strict=True)], document)
    if document_of_markdown(text) == document:
        return text
    safe = [_surest(block) for block in document]
    text = _joined(safe, document)
    if document_of_markdown(text) == document:
        return text
    return "\n\n".join(map(block_html, document)) + "\n"


class _Reader(MarkdownIt):
    """markdown-it without its own ideas of addresses: normalising them is links.py's job."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 markdown-it's name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802 markdown-it's name
        return True


class _Writer(RendererHTML):
    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Write a photo of the media store as a figure; other pictures are not stored."""
        token = tokens[idx]
        source = str(token.attrs.get("src", ""))
        if not source.startswith(_PHOTO):
            return ""
        caption = self.renderInlineAsText(token.children or [], options, env)
        photo_id = escape(source.removeprefix(_PHOTO))
        return f'<figure data-foto="{photo_id}"><figcaption>{escape(caption)}</figcaption></figure>'


_MARKDOWN = _Reader("commonmark", {"html": True, "maxNesting": 60}, renderer_cls=_Writer).enable(
    "table"
)


def _surest(block: Block) -> str:
    for writer in (_markdown_inline, _tagged_inline):
        text = _block(block, writer)
        if document_of_markdown(text) == (block,):
            return text
    return block_html(block)


def _joined(texts: Sequence[str], blocks: Sequence[Block]) -> str:
    """Join blocks; of two lists side by side the second gets other markers."""
    out: list[str] = []
    is_other = False
    for at, text in enumerate(texts):
        before = blocks[at - 1] if at else None
        block = blocks[at]
        is_twin = (
            isinstance(block, ListBlock)
            and isinstance(before, ListBlock)
            and before.is_ordered == block.is_ordered
        )
        is_other = is_twin and not is_other
        out.append(_with_other_markers(text, block) if is_other else text)
    return "\n\n".join(out) + "\n"


def _with_other_markers(text: str, block: Block) -> str:
    if not isinstance(block, ListBlock) or text.startswith("<"):
        return text
    if block.is_ordered:
        return re.sub(r"^([0-9]+)\.", r"\1)", text, flags=re.M)
    return re.sub(r"^-", "*", text, flags=re.M)


def _block(block: Block, write: InlineWriter) -> str:
    match block:
        case Paragraph(runs):
            return write(runs)
        case Heading(level, runs):
            return "#" * level + " " + _LAST_HASHES.sub(r"\\\g<0>", write(runs))
        case ListBlock(is_ordered, items):
            return "\n".join(
                _item(f"{number}. " if is_ordered else "- ", item, write)
                for number, item in enumerate(items, 1)
            )
        case Quote(blocks):
            text = _joined([_block(b, write) for b in blocks], blocks).rstrip("\n")
            return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
        case Figure(photo_id, caption):
            return f"![{_escaped(caption)}]({_PHOTO}{photo_id})"
        case Table():
            return _table(block, write)


def _item(marker: str, blocks: tuple[Block, ...], write: InlineWriter) -> str:
    match blocks:
        case (Paragraph() as first, ListBlock() as second):
            text = _block(first, write) + "\n" + _block(second, write)
        case _:
            text = _joined([_block(b, write) for b in blocks], blocks).rstrip("\n")
    first_line, *lines = text.split("\n")
    indent = " " * len(marker)
    return "\n".join([marker + first_line, *(indent + line if line else "" for line in lines)])


def _table(table: Table, write: InlineWriter) -> str:
    rows = []
    for number, row in enumerate(table.rows):
        cells = []
        for cell in row:
            match cell.blocks:
                case ():
                    cells.append("")
                case (Paragraph(runs),) if BREAK not in runs:
                    cells.append(write(runs))
                case _:
                    return block_html(table)
            if cell.colspan * cell.rowspan > 1 or cell.is_head != (number == 0):
                return block_html(table)
        rows.append(f"| {' | '.join(cells)} |")
    if not table.has_head:
        return block_html(table)
    rows.insert(1, "|" + " --- |" * len(table.rows[0]))
    return "\n".join(rows)


def _markdown_inline(runs: Inline) -> str:
    return _inline(runs, _marks)


def _tagged_inline(runs: Inline) -> str:
    return _inline(runs, _tags)


def _inline(runs: Inline, marks_of: Callable[[Run], list[_Pair]]) -> str:
    out: list[str] = []
    open_marks: list[_Pair] = []
    for run in runs:
        marks = marks_of(run)
        same = 0
        while same < min(len(open_marks), len(marks)) and open_marks[same] == marks[same]:
            same += 1
        while len(open_marks) > same:
            out.append(open_marks.pop()[1])
        out += [opening for opening, _ in marks[same:]]
        open_marks = marks
        out.append("\n" if run == BREAK else _escaped(run.text))
    out += [closing for _, closing in reversed(open_marks)]
    return _lines("".join(out))


def _marks(run: Run) -> list[_Pair]:
    marks = []
    if run.href:
        href = run.href.replace("&", "&amp;")
        marks.append(("[", f"](<{href}>)" if "(" in href or ")" in href else f"]({href})"))
    if run.strong:
        marks.append(("**", "**"))
    if run.em:
        marks.append(("*", "*"))
    return marks


def _tags(run: Run) -> list[_Pair]:
    marks = [(f'<a href="{escape(run.href)}">', "</a>")] if run.href else []
    if run.strong:
        marks.append(("<strong>", "</strong>"))
    if run.em:
        marks.append(("<em>", "</em>"))
    return marks


def _lines(text: str) -> str:
    return "\\\n".join(_LINE_START.sub(_escape_start, line) for line in text.split("\n"))


def _escape_start(match: re.Match[str]) -> str:
    return "\\" + match[1] if match[1] else match[2] + "\\"


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", _ENTITY.sub("&amp;", text))
    text = _ODD_SPACE.sub(lambda m: f"&#{ord(m[0])};", text)
    return text[:-1] + "\\!" if text.endswith("!") else text
