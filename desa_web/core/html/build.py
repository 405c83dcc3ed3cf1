"""Make a document of the rough tree: only what the subset can hold, each thing in one form.

The order of the rules is what makes it idempotent: a document written out and read again
builds the same document.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from desa_web.core.html import inline
from desa_web.core.html.model import (
    BREAK,
    Block,
    Cell,
    Document,
    Figure,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Run,
    Table,
)
from desa_web.core.html.tree import Node, tree_of

_LEVELS = {"h1": 2, "h2": 2, "h3": 3, "h4": 3, "h5": 3, "h6": 3}
_LISTS = {"ul": False, "menu": False, "dir": False, "ol": True}
_ROWS = frozenset({"thead", "tbody", "tfoot"})
_PHOTO_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_SPAN = re.compile(r"0*([1-9][0-9]{0,2})")
_ORDERED_MARKER = re.compile(r"\(?(?:[0-9]{1,4}|[a-zA-Z]|[ivxlcIVXLC]{1,6})[.)]")
# Word's bullets as text, when it did not say mso-list: · § ü o from Symbol and Wingdings.
_TYPED_MARKER = re.compile(r"(?:[·•§▪◦\uf0b7\uf0a7\uf0fc]|[o-](?= )|([0-9]{1,3}[.)]))(?: +|$)")
_MAX_HEADING_CHARS = 1_000
_MAX_CAPTION_CHARS = 2_000
_MAX_LIST_DEPTH = 6
_MAX_SPAN = 100
_MAX_GRID_CELLS = 40_000


def parse(html: str) -> Document:
    """Return the document that any HTML stands for."""
    return _Build().document(tree_of(html))


class _Build:
    def __init__(self) -> None:
        # Figures found inside lists, quotes and tables move behind the block they stood in.
        self._figures: list[Figure] = []

    def document(self, root: Node) -> Document:
        return tuple(self._flow(root.kids, is_top=True))

    def _flow(
        self, kids: Sequence[Node | Run], is_top: bool = False, depth: int = 0
    ) -> list[Block]:
        """Return the blocks of mixed content; below the top only paragraphs and lists."""
        out: list[Block] = []
        loose: list[Run] = []
        word_items: list[tuple[int, Node]] = []
        for kid in kids:
            if isinstance(kid, Run):
                loose.append(kid)
                continue
            if word_items and not _word_level(kid):
                out += self._word_list(word_items, depth)
                word_items = []
            if loose:
                if word_items and not inline.paragraphs(loose):
                    loose = []
                elif word_items:
                    out += self._word_list(word_items, depth)
                    word_items = []
                out += map(Paragraph, inline.paragraphs(loose))
                loose = []
            if level := _word_level(kid):
                word_items.append((level, kid))
                continue
            out += self._block(kid, is_top, depth)
            if is_top and self._figures:
                out += self._figures
                self._figures = []
        if word_items:
            out += self._word_list(word_items, depth)
        out += map(Paragraph, inline.paragraphs(loose))
        return out

    def _block(self, node: Node, is_top: bool, depth: int) -> list[Block]:
        tag = node.tag
        if tag in _LEVELS and is_top:
            return self._heading(node)
        if tag in _LISTS:
            return self._list(node, depth)
        if tag == "blockquote" and is_top:
            blocks = self._flow(node.kids, depth=depth)
            return [Quote(tuple(blocks))] if blocks else []
        if _is_photo(node):
            return self._figure(node, is_top)
        if tag == "table":
            return self._table(node, is_top, depth)
        return self._flow(node.kids, is_top, depth)

    def _heading(self, node: Node) -> list[Block]:
        runs: list[Run] = []
        out: list[Block] = []
        for part in _flat(node):
            if isinstance(part, Run):
                runs.append(replace(part, strong=False) if part != BREAK else part)
            else:
                out += self._block(part, is_top=True, depth=0)
        line = inline.one_line(runs)
        if len(inline.text_of_runs(line)) > _MAX_HEADING_CHARS:
            return [*map(Paragraph, inline.paragraphs(runs)), *out]
        return [Heading(_LEVELS[node.tag], line), *out] if line else out

    def _list(self, node: Node, depth: int) -> list[Block]:
        items: list[list[Block]] = []
        stray: list[Node | Run] = []
        for kid in node.kids:
            if isinstance(kid, Node) and kid.tag not in ("li", *_LISTS):
                stray.append(kid)
                continue
            if isinstance(kid, Run):
                stray.append(kid)
                continue
            self._add_item(items, stray, depth)
            stray = []
            if kid.tag == "li":
                blocks = self._flow(kid.kids, depth=depth + 1)
                if blocks:
                    items.append(blocks)
            else:  # a list directly in a list belongs to the item before it
                blocks = self._list(kid, depth + 1)
                if items:
                    items[-1] += blocks
                elif blocks:
                    items.append(blocks)
        self._add_item(items, stray, depth)
        return _list_block(_LISTS[node.tag], items, depth)

    def _add_item(self, items: list[list[Block]], stray: list[Node | Run], depth: int) -> None:
        blocks = self._flow(stray, depth=depth + 1) if stray else []
        if blocks:
            items.append(blocks)

    def _word_list(self, found: Sequence[tuple[int, Node]], depth: int) -> list[Block]:
        """Rebuild the lists that Word writes as paragraphs with a level and a typed marker."""
        out: list[Block] = []
        at = 0
        while at < len(found):
            level, node = found[at]
            is_ordered = bool(_ORDERED_MARKER.match(node.marker.strip()))
            items: list[list[Block]] = []
            while at < len(found):
                next_level, node = found[at]
                if next_level < level:
                    break
                if next_level > level:
                    end = at
                    while end < len(found) and found[end][0] > level:
                        end += 1
                    items[-1] += self._word_list(found[at:end], depth + 1)
                    at = end
                    continue
                if bool(_ORDERED_MARKER.match(node.marker.strip())) != is_ordered:
                    break
                blocks = self._flow(node.kids, depth=depth + 1)
                items.append(blocks)
                at += 1
            items = [blocks for blocks in items if blocks]
            out += _list_block(is_ordered, items, depth)
        return out

    def _figure(self, node: Node, is_top: bool) -> list[Block]:
        photo_id = node.attrs["data-foto"].strip()
        captions = [k for k in _flat(node) if isinstance(k, Run)]
        if not _PHOTO_ID.fullmatch(photo_id):
            return self._flow(node.kids, is_top)
        line = inline.one_line([Run(r.text) for r in captions])
        caption = inline.text_of_runs(line)
        after: list[Block] = []
        if len(caption) > _MAX_CAPTION_CHARS:
            after += map(Paragraph, inline.paragraphs(line))
            caption = ""
        figure = Figure(photo_id, caption)
        if is_top:
            return [figure, *after]
        self._figures.append(figure)
        return after

    def _table(self, node: Node, is_top: bool, depth: int) -> list[Block]:
        rows, rest = _rows(node)
        out = self._flow(rest, is_top, depth) if rest else []
        if not is_top:
            for row in rows:
                for cell in row:
                    out += self._flow(cell.kids, depth=depth)
            return out
        cells = [tuple(self._cell(c) for c in row) for row in rows]
        if not any(c.blocks for row in cells for c in row):
            return out
        table = _table(cells)
        if len(table.rows) == 1 and len(table.rows[0]) == 1:  # a frame, not a table
            return [*out, *table.rows[0][0].blocks]
        return [*out, table]

    def _cell(self, node: Node) -> Cell:
        blocks = self._flow(node.kids)
        return Cell(node.tag == "th", _span(node, "colspan"), _span(node, "rowspan"), tuple(blocks))


def _flat(node: Node) -> Iterable[Run | Node]:
    """Yield the texts below a node; figures and tables come as nodes."""
    for kid in node.kids:
        if (
            isinstance(kid, Run)
            or kid.tag == "table"
            or (kid.tag == "figure" and "data-foto" in kid.attrs)
        ):
            yield kid
        else:
            yield Run(" ")
            yield from _flat(kid)
            yield Run(" ")


def _is_photo(node: Node) -> bool:
    return node.tag == "figure" and "data-foto" in node.attrs


def _list_block(is_ordered: bool, items: list[list[Block]], depth: int) -> list[Block]:
    if not items:
        return []
    if depth < _MAX_LIST_DEPTH:
        return [ListBlock(is_ordered, tuple(tuple(blocks) for blocks in items))]
    return [block for blocks in items for block in blocks]


def _word_level(node: Node) -> int:
    """Return the list level of a paragraph that Word means as a list item, else 0."""
    if node.tag not in ("p", "div", *_LEVELS):
        return 0
    if node.list_level:
        return node.list_level if node.marker.strip() or node.tag == "p" else 0
    if "msolistparagraph" not in node.attrs.get("class", "").lower():
        return 0
    first = next((k for k in node.kids if isinstance(k, Run) and k.text.strip(" ")), None)
    typed = _TYPED_MARKER.match(first.text.lstrip(" ")) if first else None
    if first is None or typed is None:
        return 0
    node.marker = typed[0]
    node.list_level = 1
    node.kids[node.kids.index(first)] = replace(first, text=first.text.lstrip(" ")[typed.end() :])
    return 1


def _rows(table: Node) -> tuple[list[list[Node]], list[Node | Run]]:
    """Return the rows that have cells, and what in the table is no row."""
    rows: list[list[Node]] = []
    rest: list[Node | Run] = []
    for part in table.kids:
        if not (isinstance(part, Node) and part.tag in _ROWS):
            _add_row(rows, part, rest)
            continue
        before = len(rows)
        for kid in part.kids:
            _add_row(rows, kid, rest)
        if part.tag == "thead":
            for row in rows[before:]:
                for cell in row:
                    cell.tag = "th"
    return rows, rest


def _add_row(rows: list[list[Node]], kid: Node | Run, rest: list[Node | Run]) -> None:
    if not isinstance(kid, Node) or kid.tag not in ("tr", "td", "th"):
        rest.append(kid)
        return
    if kid.tag != "tr":
        rows.append([kid])
        return
    cells: list[Node] = []
    for cell in kid.kids:
        if isinstance(cell, Node) and cell.tag in ("td", "th"):
            cells.append(cell)
        else:
            rest.append(cell)
    if cells:
        rows.append(cells)


def _span(node: Node, name: str) -> int:
    match = _SPAN.fullmatch(node.attrs.get(name, "").strip())
    return min(int(match[1]), _MAX_SPAN) if match else 1


def _table(rows: list[tuple[Cell, ...]]) -> Table:
    """Return a table in which every row has the same number of columns."""
    is_plain = all(c.colspan == c.rowspan == 1 for row in rows for c in row)
    widths = None if is_plain else _widths(rows)
    if widths is None:  # spans that overlap or reach out of the table mean nothing
        rows = [
            tuple(replace(c, colspan=1, rowspan=1) for c in row)
            for row in rows
            if any(c.blocks for c in row)
        ]
        widths = [len(row) for row in rows]
    # A head whose cells reach into the rows below cannot be a thead of one row.
    has_head = all(c.is_head and c.rowspan == 1 for c in rows[0])
    width = max(widths)
    if width * len(rows) <= _MAX_GRID_CELLS:
        empty = Cell(False, 1, 1, ())
        rows = [row + (empty,) * (width - own) for row, own in zip(rows, widths, strict=True)]
    if has_head:
        rows[0] = tuple(replace(c, is_head=True) for c in rows[0])
    return Table(has_head, tuple(rows))


def _widths(rows: list[tuple[Cell, ...]]) -> list[int] | None:
    """Return how many columns each row fills, or None when the spans do not fit together."""
    taken: dict[int, int] = {}  # column: rows it is still taken for
    widths = []
    for number, row in enumerate(rows):
        left = len(rows) - number
        column = 0
        now = dict(taken)
        for cell in row:
            while now.get(column, 0):
                column += 1
            for taken_column in range(column, column + cell.colspan):
                if now.get(taken_column, 0):
                    return None
                now[taken_column] = cell.rowspan
            if cell.rowspan > left:
                return None
            column += cell.colspan
        widths.append(sum(1 for rows_left in now.values() if rows_left))
        taken = {c: n - 1 for c, n in now.items() if n > 1}
        if len(now) > 1000:
            return None
    return widths
