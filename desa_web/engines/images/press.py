"""Caption and credit inside a photo, for the press: Exif, XMP and IPTC-IIM, written and read.

The pixels are not touched: segments are put in front of the compressed data of one of our
masters. A PNG gets XMP and the text chunks that viewers show; it has no place for IIM.
Follows the Metadata Working Group's guidelines 2.0: the same text in all three, and the digest
that tells readers that IIM is in step with XMP. Does not decode, knows no Pillow.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import md5
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from desa_web.core.disk import write_atomic
from desa_web.engines.images.facts import PhotoRefused, Reason

# One APP1 segment holds 65,533 bytes, and XML may write each byte as five ("&amp;").
MAX_CAPTION_BYTES = 6_000
MAX_FIELD_BYTES = 500
MAX_KEYWORDS = 30
# Read at most this much of a foreign file: metadata stands in front of the pixels.
MAX_READ_BYTES = 2 * 2**20


@dataclass(frozen=True, slots=True)
class PressMetadata:
    """What a newsroom wants to know about a picture; empty means unknown."""

    caption: str = ""
    headline: str = ""
    byline: str = ""
    credit: str = ""
    copyright: str = ""
    # Not finer than the village: a school or a house does not belong into a public file.
    place: str = ""
    province: str = ""
    country: str = ""
    keywords: tuple[str, ...] = ()
    taken_on: date | None = None


def write_press_metadata(photo: Path, target: Path | None, metadata: PressMetadata) -> int:
    """Write `photo` with the metadata to `target`, atomically, the picture data byte for byte.

    Returns how many bytes that are; without a target it only counts them. All metadata that a
    JPEG or PNG carried is replaced. The same input gives the same bytes. Raises
    PhotoRefused(UNSUPPORTED) for other kinds.
    """
    data = photo.read_bytes()
    clean = _cleaned(metadata)
    if data.startswith(b"\xff\xd8\xff"):
        made = _jpeg_with(data, clean)
    elif data.startswith(_PNG_MAGIC):
        made = _png_with(data, clean)
    else:
        raise PhotoRefused(Reason.UNSUPPORTED)
    if target is not None:
        write_atomic(target, made)
    return len(made)


def read_press_metadata(jpeg: Path) -> PressMetadata:
    """Return what a photographer wrote into a JPEG: XMP first, IPTC-IIM for what it lacks.

    Hostile bytes give empty fields, never an error. Positions (GPS) are not even looked for.
    """
    with jpeg.open("rb") as file:
        data = file.read(MAX_READ_BYTES)
    xmp: dict[str, Any] = {}
    iim: dict[str, Any] = {}
    try:
        for marker, start, end in _segments(data):
            body = data[start + 4 : end]
            if marker == 0xE1 and body.startswith(_XMP_MARK):
                xmp = xmp or _read_xmp(body[len(_XMP_MARK) :])
            elif marker == 0xED and body.startswith(_IRB_MARK):
                iim = iim or _read_iim(body[len(_IRB_MARK) :])
    except (PhotoRefused, struct.error, ValueError):
        # What was read before the damage stands.
        pass
    return _cleaned(PressMetadata(**(iim | xmp)))


_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_WORDS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"}
# PNG 3rd edition, 11.3.3.1: keywords that viewers know.
_PNG_FIELDS = {
    b"Title": "headline",
    b"Author": "byline",
    b"Description": "caption",
    b"Copyright": "copyright",
    b"Source": "credit",
}
_XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_IRB_MARK = b"Photoshop 3.0\0"
# IPTC-IIM 4.2, record 2: dataset and its limit in bytes.
_IIM_FIELDS = {
    "headline": (105, 256),
    "caption": (120, 2000),
    "byline": (80, 32),
    "credit": (110, 32),
    "copyright": (116, 128),
    "place": (90, 32),
    "province": (95, 32),
    "country": (101, 64),
}
_IIM_KEYWORD = (25, 64)
_IIM_DATE = 55
_XMP_FIELDS = {
    "headline": "photoshop:Headline",
    "credit": "photoshop:Credit",
    "place": "photoshop:City",
    "province": "photoshop:State",
    "country": "photoshop:Country",
}
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
# XML 1.0, 2.2: these cannot be written even as references.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _cleaned(metadata: PressMetadata) -> PressMetadata:
    def field(text: str, limit: int = MAX_FIELD_BYTES) -> str:
        return _cut(_FORBIDDEN.sub("", text).strip(), limit).decode()

    return PressMetadata(
        caption=field(metadata.caption, MAX_CAPTION_BYTES),
        headline=field(metadata.headline),
        byline=field(metadata.byline),
        credit=field(metadata.credit),
        copyright=field(metadata.copyright),
        place=field(metadata.place),
        province=field(metadata.province),
        country=field(metadata.country),
        keywords=tuple(
            word for raw in metadata.keywords[:MAX_KEYWORDS] if (word := field(raw, 64))
        ),
        taken_on=metadata.taken_on,
    )


def _jpeg_with(data: bytes, metadata: PressMetadata) -> bytes:
    kept: list[bytes] = []
    rest = 2
    for marker, start, end in _segments(data):
        rest = end
        if marker == 0xE0 and not kept:
            kept.append(data[start:end])
        elif not 0xE1 <= marker <= 0xED and marker != 0xFE:
            rest = start
            break
    xmp = _segment(0xE1, _XMP_MARK + _xmp_packet(metadata))
    # Exif must come first (Exif 2.32, 4.7.2); readers accept a JFIF segment in front of it.
    head = [b"\xff\xd8", *kept, _exif_segment(metadata), xmp, _iim_segment(metadata)]
    return b"".join(head) + data[rest:]


def _png_with(data: bytes, metadata: PressMetadata) -> bytes:
    """Put the words behind IHDR, where readers that stop at the pixels find them."""
    words = [_png_text(b"XML:com.adobe.xmp", _xmp_packet(metadata))]
    for keyword, name in _PNG_FIELDS.items():
        if text := getattr(metadata, name):
            words.append(_png_text(keyword, text.encode()))
    parts, at = [_PNG_MAGIC], len(_PNG_MAGIC)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise PhotoRefused(Reason.TRUNCATED)
        chunk = data[at + 4 : at + 8]
        if chunk not in _PNG_WORDS:
            parts.append(data[at:end])
        if chunk == b"IHDR":
            parts += words
        at = end
    return b"".join(parts)


def _png_text(keyword: bytes, text: bytes) -> bytes:
    """An iTXt chunk: UTF-8, not packed, no language."""
    body = b"iTXt" + keyword + b"\0\0\0\0\0" + text
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", crc32(body))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of the segments in front of the first scan."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise PhotoRefused(Reason.DAMAGED)
        marker = data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(data):
            raise PhotoRefused(Reason.TRUNCATED)
        yield marker, at, end
        if marker == 0xDA:
            return
        at = end


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _cut(text: str, limit: int) -> bytes:
    """Return at most `limit` bytes of UTF-8 that end with a whole character."""
    return text.encode()[:limit].decode(errors="ignore").encode()


def _exif_segment(metadata: PressMetadata) -> bytes:
    """TIFF 6.0 ASCII fields, which everybody reads as UTF-8; ascending tags, one IFD."""
    values = [(0x010E, metadata.caption), (0x013B, metadata.byline), (0x8298, metadata.copyright)]
    entries = [(tag, text.encode() + b"\0") for tag, text in values if text]
    at = 8 + 2 + 12 * len(entries) + 4
    directory, heap = struct.pack(">H", len(entries)), b""
    for tag, raw in entries:
        if len(raw) <= 4:
            place = raw.ljust(4, b"\0")
        else:
            place = struct.pack(">I", at + len(heap))
            heap += raw + b"\0" * (len(raw) % 2)
        directory += struct.pack(">HHI", tag, 2, len(raw)) + place
    tiff = b"MM\0*" + struct.pack(">I", 8) + directory + b"\0\0\0\0" + heap
    return _segment(0xE1, b"Exif\0\0" + tiff)


def _xmp_packet(metadata: PressMetadata) -> bytes:
    parts = [
        _rdf("dc:description", "Alt", [metadata.caption]),
        _rdf("dc:rights", "Alt", [metadata.copyright]),
        _rdf("dc:creator", "Seq", [metadata.byline]),
        _rdf("dc:subject", "Bag", list(metadata.keywords)),
    ]
    for name, tag in _XMP_FIELDS.items():
        if text := getattr(metadata, name):
            parts.append(f"<{tag}>{escape(text, quote=False)}</{tag}>")
    if metadata.taken_on:
        parts.append(f"<photoshop:DateCreated>{metadata.taken_on}</photoshop:DateCreated>")
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {spaces}>'
        f'<rdf:Description rdf:about="">{"".join(parts)}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
    return packet.encode()


def _rdf(tag: str, container: str, texts: list[str]) -> str:
    language = ' xml:lang="x-default"' if container == "Alt" else ""
    items = "".join(
        f"<rdf:li{language}>{escape(text, quote=False)}</rdf:li>" for text in texts if text
    )
    return f"<{tag}><rdf:{container}>{items}</rdf:{container}></{tag}>" if items else ""


def _iim_segment(metadata: PressMetadata) -> bytes:
    # 1:90 ESC % G: the text is UTF-8. 2:00: record version 4.
    records = b"\x1c\x01\x5a\x00\x03\x1b%G" + b"\x1c\x02\x00\x00\x02\x00\x04"
    for name, (dataset, limit) in _IIM_FIELDS.items():
        records += _dataset(dataset, _cut(getattr(metadata, name), limit))
    for word in metadata.keywords:
        records += _dataset(_IIM_KEYWORD[0], _cut(word, _IIM_KEYWORD[1]))
    if metadata.taken_on:
        records += _dataset(_IIM_DATE, f"{metadata.taken_on:%Y%m%d}".encode())
    digest = md5(records, usedforsecurity=False).digest()
    return _segment(0xED, _IRB_MARK + _resource(0x0404, records) + _resource(0x0425, digest))


def _dataset(number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value if value else b""


def _resource(number: int, body: bytes) -> bytes:
    padding = b"\0" * (len(body) % 2)
    return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + padding


def _read_xmp(packet: bytes) -> dict[str, Any]:
    from lxml import etree

    # No entities, no network, no DTD: the packet comes from anybody.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    found: dict[str, Any] = {}
    lists = {"caption": "dc:description", "copyright": "dc:rights", "byline": "dc:creator"}
    for name, tag in lists.items():
        found[name] = next(iter(_items(tree, tag)), "")
    for name, tag in _XMP_FIELDS.items():
        found[name] = _simple(tree, tag)
    found["keywords"] = tuple(_items(tree, "dc:subject"))
    found["taken_on"] = _day(_simple(tree, "photoshop:DateCreated"))
    return {name: value for name, value in found.items() if value}


def _items(tree: Any, tag: str) -> list[str]:
    nodes = tree.iterfind(f".//{tag}//rdf:li", _NAMESPACES)
    return [node.text for node in nodes if node.text]


def _simple(tree: Any, tag: str) -> str:
    """Return a property's text; RDF allows it as an element or as an attribute."""
    prefix, name = tag.split(":")
    qualified = f"{{{_NAMESPACES[prefix]}}}{name}"
    element = tree.find(f".//{qualified}")
    if element is not None:
        return element.text or ""
    for description in tree.iterfind(".//rdf:Description", _NAMESPACES):
        if value := description.get(qualified):
            return str(value)
    return ""


def _read_iim(resources: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    keywords: list[str] = []
    names = {dataset: name for name, (dataset, _) in _IIM_FIELDS.items()}
    is_utf8 = False
    for record, dataset, raw in _datasets(_iim_records(resources)):
        if (record, dataset) == (1, 90):
            is_utf8 = raw == b"\x1b%G"
        elif record == 2:
            text = _decoded(raw, is_utf8)
            if dataset in names:
                found.setdefault(names[dataset], text)
            elif dataset == _IIM_KEYWORD[0]:
                keywords.append(text)
            elif dataset == _IIM_DATE and (day := _day(text)):
                found["taken_on"] = day
    return found | ({"keywords": tuple(keywords)} if keywords else {})


def _decoded(raw: bytes, is_utf8: bool) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="ignore") if is_utf8 else raw.decode("latin-1")


def _iim_records(resources: bytes) -> bytes:
    at = 0
    while resources[at : at + 4] == b"8BIM":
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name_length = resources[at + 6] + 1
        at += 6 + name_length + name_length % 2
        length = int.from_bytes(resources[at : at + 4], "big")
        if number == 0x0404:
            return resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return b""


def _datasets(records: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 5 <= len(records) and records[at] == 0x1C:
        length = int.from_bytes(records[at + 3 : at + 5], "big")
        # Bit 15 announces an extended length, which no text field uses.
        if length & 0x8000:
            return
        yield records[at + 1], records[at + 2], records[at + 5 : at + 5 + length]
        at += 5 + length


def _day(text: str) -> date | None:
    digits = text[:10].replace("-", "").replace(":", "")
    try:
        return date.fromisoformat(digits[:8])
    except ValueError:
        return None
