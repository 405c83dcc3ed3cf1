"""The text of an article or page: one small subset of HTML in one canonical form.

Whatever comes from people (editor, paste, file, API) goes through `normalise` before it is
stored; what is stored is safe to show and compares byte by byte. No photo, no URL of this site
and no translation is known here.

    normalise(html)            any HTML -> the subset, sanitised; idempotent
    render_body(html, figure)  the HTML for readers, photos put in by the caller
    plain_text(html)           the text, one line a paragraph
    excerpt(html, limit)       the start of the running text, at most `limit` characters
    blocks(html)               the blocks that merge and comparison work on
    merge3(base, ours, theirs) three-way merge by block: HTML, or conflicts to decide
    diff(old, new)             HTML with <ins> and <del> by word, for the review screen
    outbound_domains(html)     hosts that the links lead to
    from_markdown(text)        CommonMark with tables and ![caption](foto:ID) -> the subset
    to_markdown(html)          Markdown that from_markdown turns back into the same HTML
    from_plain_text(text)      text as typed in WhatsApp -> the subset

>>> normalise('<p>Halo <b>warga</b><script>alert(1)</script>')
'<p>Halo <strong>warga</strong></p>'
>>> plain_text("<h2>Rapat</h2><p>Hari Minggu.</p>")
'Rapat\\nHari Minggu.'
"""

from functools import lru_cache

from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.html import diff as _diff
from desa_web.core.html import merge, plain, text, write
from desa_web.core.html.build import parse
from desa_web.core.html.merge import Conflict, Merge
from desa_web.core.html.model import Document
from desa_web.core.i18n import _

__all__ = [
    "Conflict",
    "Merge",
    "blocks",
    "diff",
    "excerpt",
    "from_markdown",
    "from_plain_text",
    "merge3",
    "normalise",
    "outbound_domains",
    "plain_text",
    "render_body",
    "to_markdown",
]

MAX_BODY_CHARS = 5_000_000
_REMEMBERED_CHARS = 20_000
# markdown-it-py takes up to 15 s a megabyte of brackets; a megabyte is 150,000 words.
MAX_MARKDOWN_CHARS = 1_000_000


def normalise(html: str) -> str:
    """Return the text in the canonical subset; raises InvalidInput or TooLarge."""
    return write.html_of(_document(html))


def plain_text(html: str) -> str:
    """Return the text without tags, one line a paragraph, item, caption or table row."""
    return text.text_of(_document(html))


def excerpt(html: str, limit: int) -> str:
    """Return the start of the running text in one line of at most `limit` characters."""
    return text.excerpt_of(_document(html), limit)


def outbound_domains(html: str) -> frozenset[str]:
    """Return the hosts of all links out of the site: lower case, punycode, no "www."."""
    return text.domains_of(_document(html))


def render_body(html: str, figure: write.FigureWriter) -> str:
    """Return the HTML for readers.

    `figure(photo_id, caption_html)` returns the HTML of a photo; it may hold figure, picture,
    img, links and classes, and goes through the sanitiser like all else.
    """
    return write.rendered(_document(html), figure)


def blocks(html: str) -> list[str]:
    """Return the canonical HTML of each block: their concatenation is `normalise(html)`."""
    return [write.html_of([block]) for block in _document(html)]


def merge3(base: str, ours: str, theirs: str) -> Merge:
    """Return the merge of two versions of `base`; `.html` is None when they conflict."""
    return merge.merged(blocks(base), blocks(ours), blocks(theirs))


def diff(old: str, new: str) -> str:
    """Return both texts in one, what went in <del> and what came in <ins>."""
    return _diff.diff_of(_document(old), _document(new))


def from_markdown(source: str) -> str:
    """Return the canonical HTML of a Markdown text; raw HTML in it is normalised, too."""
    # A village's server at rest needs no Markdown: 1.5 MB of modules.
    from desa_web.core.html import markdown

    return write.html_of(markdown.document_of_markdown(_accepted(source, MAX_MARKDOWN_CHARS)))


def to_markdown(html: str) -> str:
    """Return Markdown from which `from_markdown` makes the same HTML."""
    from desa_web.core.html import markdown

    return markdown.markdown_of(_document(html))


def from_plain_text(source: str) -> str:
    """Return the canonical HTML of a text typed with WhatsApp's marks and lists."""
    return normalise(plain.html_of_plain(_accepted(source)))


def _document(html: str) -> Document:
    return _parsed(html) if len(html) <= _REMEMBERED_CHARS else parse(_accepted(html))


@lru_cache(maxsize=4)
def _parsed(html: str) -> Document:
    """Parse; a page asks for the body, the excerpt and more of the same text in a row."""
    return parse(_accepted(html))


def _accepted(source: str, max_chars: int = MAX_BODY_CHARS) -> str:
    """Return the text as it is, unless it is too long or holds what no database keeps."""
    if len(source) > max_chars:
        raise TooLarge(
            _("Tulisan terlalu panjang. Bagi menjadi beberapa tulisan, lalu simpan lagi.")
        )
    if "\0" in source:
        raise InvalidInput(
            _("Tulisan memuat karakter yang rusak. Salin ulang teksnya, lalu simpan lagi.")
        )
    return source
