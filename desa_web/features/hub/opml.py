"""The list of sources as OPML 2.0, the format in which feed readers exchange theirs.

Villages are exported with their Atom feed, so that any reader can open the list; our own
attributes bring them back as villages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lxml import etree

from desa_web.core import settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import sources
from desa_web.features.hub.source import Kind, Source

_MAX_BYTES = 5_000_000
_MAX_SOURCES = 20_000
_OURS = "https://desa-web.id/opml"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one outline; `sentence` says why it was not added."""

    name: str
    address: str
    is_added: bool
    sentence: str = ""


def make(site: Site, found: Sequence[Source]) -> bytes:
    """Return the sources that have an address, grouped by kecamatan."""
    title = quoteattr(settings.read(site).full_name)[1:-1]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<opml version="2.0" xmlns:desa="{_OURS}">',
        f"<head><title>{title}</title></head>",
        "<body>",
    ]
    districts = sorted({source.district for source in found if source.address})
    for district in districts:
        lines.append(f"<outline text={quoteattr(district or _('Lainnya'))}>")
        lines += [_outline(s) for s in found if s.address and s.district == district]
        lines.append("</outline>")
    return ("\n".join([*lines, "</body>", "</opml>"]) + "\n").encode()


def take(actor: Actor, data: bytes) -> Iterator[Taken]:
    """Add every feed that the file names; what is here already is left. Asks nobody.

    Raises InvalidInput for what is no OPML.
    """
    actor.require(Permission.RUN_HUB)
    for outline in _outlines(data):
        name = outline.get("text") or outline.get("title") or ""
        kind = Kind.DESA if outline.get(f"{{{_OURS}}}kind") == Kind.DESA else Kind.FEED
        url = outline.get("xmlUrl") or ""
        if kind is Kind.DESA:
            parts = urlsplit(url)
            url = f"{parts.scheme}://{parts.netloc}"
        try:
            sources.register(
                actor, kind=kind, name=name[:120], address=sources.checked_address(url),
                kode_wilayah=outline.get(f"{{{_OURS}}}kode") or "",
                district=outline.get(f"{{{_OURS}}}kecamatan") or "",
            )  # fmt: skip
        except DesaError as error:
            yield Taken(name, url, False, error.message)
        else:
            yield Taken(name, url, True)


def _outline(source: Source) -> str:
    is_village = source.kind is Kind.DESA
    feed = f"{source.address}/feed.atom" if is_village else source.address
    parts = {
        "type": "rss", "text": source.name, "title": source.name, "xmlUrl": feed,
        "htmlUrl": source.address if is_village else "", "desa:kind": source.kind.value,
        "desa:kode": source.kode_wilayah, "desa:kecamatan": source.district,
    }  # fmt: skip
    told = " ".join(f"{name}={quoteattr(value)}" for name, value in parts.items() if value)
    return f"<outline {told}/>"


def _outlines(data: bytes) -> list[etree._Element]:
    """Return the outlines that name a feed; nothing is loaded from anywhere."""
    wrong = InvalidInput(_("Berkas itu bukan OPML. Ekspor lagi dari pembaca feed."))
    if len(data) > _MAX_BYTES or b"<!ENTITY" in data:
        raise wrong
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise wrong from error
    if root.tag != "opml":
        raise wrong
    return [one for one in root.iter("outline") if one.get("xmlUrl")][:_MAX_SOURCES]
