"""The text of an article or page: one small subset of HTML in one canonical form.

Whatever comes from people (editor, paste, file, API) goes through `normalise` before it is
stored; what is stored is safe to show and compares byte by byte. No photo, no URL of this site
and no translation is known here.

    normalise(html)            any HTML -> the subset, sanitised; idempotent
    plain_text(html)           the text, one line a paragraph
    excerpt(html, limit)       the start of the running text, at most `limit` characters
    outbound_domains(html)     hosts that the links lead to

>>> normalise('<p>Halo <b>warga</b><script>alert(1)</script>')
'<p>Halo <strong>warga</strong></p>'
>>> plain_text("<h2>Rapat</h2><p>Hari Minggu.</p>")
'Rapat\\nHari Minggu.'
"""

from desa_web.core.errors import InvalidInput, TooLarge
from desa_web.core.html import text, write
from desa_web.core.html.build import parse
from desa_web.core.html.model import Document
from desa_web.core.i18n import _

__all__ = ["excerpt", "normalise", "outbound_domains", "plain_text"]

MAX_BODY_CHARS = 5_000_000


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


def _document(html: str) -> Document:
    if len(html) > MAX_BODY_CHARS:
        raise TooLarge(
            _("Tulisan terlalu panjang. Bagi menjadi beberapa tulisan, lalu simpan lagi.")
        )
    if "\0" in html:
        raise InvalidInput(
            _("Tulisan memuat karakter yang rusak. Salin ulang teksnya, lalu simpan lagi.")
        )
    return parse(html)
