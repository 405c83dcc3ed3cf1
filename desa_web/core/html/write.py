"""Write a document as canonical HTML; the sanitiser has the last word on every byte of it."""

import re
from collections.abc import Callable, Iterable, Set
from functools import cache, lru_cache
from html import escape

import nh3

from desa_web.core.html.links import canonical_href, is_outgoing
from desa_web.core.html.model import (
    Block,
    Cell,
    Figure,
    Heading,
    Inline,
    ListBlock,
    Paragraph,
    Quote,
    Run,
    Table,
)

# Links in texts of people: no vote for search engines, no handle on our window.
_REL = "nofollow ugc noopener"

_TAGS = {
    "a", "blockquote", "br", "em", "figcaption", "figure", "h2", "h3", "li", "ol", "p", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "rel"},
    "figure": {"data-foto"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_FIGURE_TAGS = {"a", "br", "cite", "em", "figcaption", "figure", "img", "p", "picture", "small",
                "source", "span", "strong"}  # fmt: skip
_FIGURE_ATTRIBUTES = {
    "*": {"class", "lang", "aria-label", "aria-hidden"},
    "a": {"href", "rel"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading", "decoding"},
    "source": {"srcset", "sizes", "type", "media", "width", "height"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}

# The address of a rendition, which every figure names many times.
_PICTURE = re.compile(r"/media/[0-9a-f]+/[0-9a-z.-]+")

FigureWriter = Callable[[str, str], str]


def sanitised(html: str, also: Set[str] = frozenset()) -> str:
    """Return HTML with nothing but the subset (and the tags `also`) in it.

    Canonical HTML comes back unchanged.
    """
    return _cleaner(frozenset(also)).clean(html) if html else ""


@cache
def _cleaner(also: Set[str]) -> nh3.Cleaner:
    """Return the sanitiser, made once: its tables cost more than cleaning a paragraph."""
    return nh3.Cleaner(
        tags=_TAGS | also,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=None,
        generic_attribute_prefixes=set(),
    )


def html_of(blocks: Iterable[Block]) -> str:
    """Return the canonical HTML of blocks."""
    return sanitised("".join(block_html(block) for block in blocks))


def rendered(blocks: Iterable[Block], figure: FigureWriter) -> str:
    """Return HTML for readers: each figure is what `figure` makes of photo id and caption."""
    out: list[str] = []
    texts: list[str] = []
    for block in blocks:
        if not isinstance(block, Figure):
            texts.append(block_html(block))
            continue
        out.append(sanitised("".join(texts)))
        texts = []
        out.append(_sanitised_figure(figure(block.photo_id, escape(block.caption, quote=False))))
    out.append(sanitised("".join(texts)))
    return "".join(out)


def block_html(block: Block) -> str:
    """Return the canonical HTML of one block, not yet through the sanitiser."""
    match block:
        case Paragraph(runs):
            return f"<p>{inline_html(runs)}</p>"
        case Heading(level, runs):
            return f"<h{level}>{inline_html(runs)}</h{level}>"
        case ListBlock(is_ordered, items):
            tag = "ol" if is_ordered else "ul"
            body = "".join(f"<li>{_tight(item)}</li>" for item in items)
            return f"<{tag}>{body}</{tag}>"
        case Quote(blocks):
            return f"<blockquote>{''.join(map(block_html, blocks))}</blockquote>"
        case Figure(photo_id, caption):
            text = f"<figcaption>{escape(caption, quote=False)}</figcaption>" if caption else ""
            return f'<figure data-foto="{escape(photo_id)}">{text}</figure>'
        case Table(has_head, rows):
            head = f"<thead>{_row(rows[0])}</thead>" if has_head else ""
            body = "".join(map(_row, rows[1:] if has_head else rows))
            return f"<table>{head}{f'<tbody>{body}</tbody>' if body else ''}</table>"


@lru_cache(maxsize=64)
def _sanitised_figure(html: str) -> str:
    # Asked about each of its attributes; lists and texts of one photo write the same figure.
    return _figure_cleaner().clean(html)


@cache
def _figure_cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_FIGURE_TAGS,
        attributes=_FIGURE_ATTRIBUTES,
        attribute_filter=_own_addresses,
        url_schemes=_SCHEMES,
        link_rel=None,
        generic_attribute_prefixes={"data-"},
    )


def _own_addresses(_tag: str, name: str, value: str) -> str | None:
    """Drop pictures from other sites, and addresses that are not spelt canonically."""
    match name:
        case "href":
            return value if value == canonical_href(value) else None
        case "src":
            return value if _is_own(value) else None
        case "srcset":
            candidates = [candidate.split() for candidate in value.split(",")]
            return value if all(c and _is_own(c[0]) for c in candidates) else None
    return value


def _is_own(address: str) -> bool:
    if _PICTURE.fullmatch(address):
        return True
    return address.startswith("/") and canonical_href(address) == address


def inline_html(runs: Inline) -> str:
    """Return running text with its marks, in the order a, strong, em."""
    if len(runs) == 1 and not (runs[0].href or runs[0].strong or runs[0].em):
        # Most paragraphs: every page of an article writes dozens of them.
        return "<br>" if runs[0].text == "\n" else escape(runs[0].text, quote=False)
    out: list[str] = []
    open_tags: list[str] = []
    for run in runs:
        tags = _tags(run)
        same = 0
        while same < min(len(open_tags), len(tags)) and open_tags[same] == tags[same]:
            same += 1
        while len(open_tags) > same:
            out.append(_closing(open_tags.pop()))
        out += tags[same:]
        open_tags = tags
        out.append("<br>" if run.text == "\n" else escape(run.text, quote=False))
    out += [_closing(tag) for tag in reversed(open_tags)]
    return "".join(out)


def _tags(run: Run) -> list[str]:
    tags = []
    if run.href:
        rel = f' rel="{_REL}"' if is_outgoing(run.href) else ""
        tags.append(f'<a href="{escape(run.href)}"{rel}>')
    if run.strong:
        tags.append("<strong>")
    if run.em:
        tags.append("<em>")
    return tags


def _closing(tag: str) -> str:
    return "</a>" if tag.startswith("<a ") else f"</{tag[1:]}"


def _tight(blocks: tuple[Block, ...]) -> str:
    """Return the content of an item or cell; a single leading paragraph needs no tags."""
    first, *rest = blocks or (None,)
    if isinstance(first, Paragraph) and not any(isinstance(b, Paragraph) for b in rest):
        return inline_html(first.runs) + "".join(map(block_html, rest))
    return "".join(map(block_html, blocks))


def _row(cells: tuple[Cell, ...]) -> str:
    out = []
    for cell in cells:
        tag = "th" if cell.is_head else "td"
        spans = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
        spans += f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
        out.append(f"<{tag}{spans}>{_tight(cell.blocks)}</{tag}>")
    return f"<tr>{''.join(out)}</tr>"
