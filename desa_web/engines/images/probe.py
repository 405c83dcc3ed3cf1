"""Decide about a photo from its bytes, before any decoder sees it.

`probe` reads headers and structure only; it knows the limits. It neither decodes nor imports
Pillow, so the web process may call it. The extension of a file is never asked.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from desa_web.engines.images.containers import (
    Layout,
    gif_layout,
    isobmff_layout,
    jpeg_layout,
    png_layout,
    webp_layout,
)
from desa_web.engines.images.facts import Facts, Kind, PhotoRefused, Reason

MAX_FILE_BYTES = 40 * 2**20
# 65 MP progressive with halved colour hold 195 MB, 48 MP with full colour 290.
MAX_HELD_BYTES = 300 * 2**20
# The decoder holds all coefficients of a progressive photo.
MAX_PROGRESSIVE_PIXELS = 65_000_000
MAX_SCANS = 100
# 100 scans over 8 MP took 0.4 s; phones write about 10 scans.
MAX_SCANNED_PIXELS = 700_000_000
MAX_ASPECT = 50
MAX_PIXELS = {
    Kind.JPEG: 260_000_000,
    Kind.PNG: 50_000_000,
    # libwebp and Pillow hold 16 bytes a pixel together.
    Kind.WEBP: 16_000_000,
    Kind.GIF: 25_000_000,
    Kind.AVIF: 24_000_000,
    Kind.HEIC: 24_000_000,
}
# A 12 MP photo of fog has 20 pixels a byte, an office scan 60; bombs begin at some hundreds.
BOMB_PIXELS = 8_000_000
BOMB_PIXELS_PER_BYTE = 250

_BRANDS_AVIF = {b"avif", b"avis"}
_BRANDS_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_BRANDS_VIDEO = {b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5"}


def probe(path: Path) -> Facts:
    """Return what the photo's header says.

    Raises PhotoRefused for anything that is not a whole picture of an allowed kind within the
    limits. Reads the file through a memory map: a few MB of it at most stay in memory.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise PhotoRefused(Reason.EMPTY)
    if size_bytes > MAX_FILE_BYTES:
        raise PhotoRefused(Reason.FILE_TOO_LARGE)
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        kind = _kind(data[:512])
        try:
            layout = _LAYOUTS[kind](data)
        except (struct.error, IndexError, ValueError):
            raise PhotoRefused(Reason.DAMAGED) from None
    facts = Facts(
        kind=kind,
        width_px=layout.width_px,
        height_px=layout.height_px,
        size_bytes=size_bytes,
        pieces=layout.pieces,
        is_progressive=layout.is_progressive,
        is_lossless=layout.is_lossless,
        held_bytes=layout.coefficient_bytes,
    )
    check_size(kind, facts.width_px, facts.height_px, size_bytes)
    _check_effort(facts, layout)
    return facts


def check_size(kind: Kind, width_px: int, height_px: int, size_bytes: int) -> None:
    """Raise PhotoRefused when a picture of this size would be too much to decode."""
    if min(width_px, height_px) < 1:
        raise PhotoRefused(Reason.DAMAGED)
    pixels = width_px * height_px
    if pixels > BOMB_PIXELS and pixels > BOMB_PIXELS_PER_BYTE * size_bytes:
        raise PhotoRefused(Reason.BOMB)
    if pixels > MAX_PIXELS[kind]:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if max(width_px, height_px) > MAX_ASPECT * min(width_px, height_px):
        raise PhotoRefused(Reason.TOO_NARROW)


def _check_effort(facts: Facts, layout: Layout) -> None:
    pixels = facts.width_px * facts.height_px
    if facts.is_progressive and pixels > MAX_PROGRESSIVE_PIXELS:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if layout.scans > MAX_SCANS or layout.scans * pixels > MAX_SCANNED_PIXELS:
        raise PhotoRefused(Reason.TOO_HARD)
    if facts.held_bytes > MAX_HELD_BYTES:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)


def _kind(head: bytes) -> Kind:
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    if head.startswith((b"II*\0", b"MM\0*", b"BM", b"\0\0\1\0", b"8BPS", b"\0\0\0\x0cjP")):
        raise PhotoRefused(Reason.UNSUPPORTED)
    if b"<svg" in head.lower():
        raise PhotoRefused(Reason.UNSUPPORTED)
    if head.startswith(b"\x1a\x45\xdf\xa3") or head[8:12] == b"AVI ":
        raise PhotoRefused(Reason.VIDEO)
    raise PhotoRefused(Reason.NOT_A_PHOTO)


def _kind_of_brands(head: bytes) -> Kind:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[i : i + 4] for i in range(16, length - 3, 4))}
    if brands & _BRANDS_AVIF:
        return Kind.AVIF
    if brands & _BRANDS_HEIC:
        return Kind.HEIC
    raise PhotoRefused(Reason.VIDEO if brands & _BRANDS_VIDEO else Reason.UNSUPPORTED)


_LAYOUTS = {
    Kind.JPEG: jpeg_layout,
    Kind.PNG: png_layout,
    Kind.GIF: gif_layout,
    Kind.WEBP: webp_layout,
    Kind.AVIF: isobmff_layout,
    Kind.HEIC: isobmff_layout,
}
