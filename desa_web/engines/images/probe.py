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
from desa_web.engines.images.kinds import HEAD_BYTES, kind_of

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
# Deflate packs nothing at 1,030 to 1; posters reach 200. 50 MP with transparency are 200 MB.
BOMB_UNPACKED_BYTES = 24_000_000
BOMB_UNPACKED_RATIO = 400
MAX_UNPACKED_BYTES = 210_000_000


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
        kind = kind_of(data[:HEAD_BYTES])
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
    check_size(kind, facts.width_px, facts.height_px, facts.wanted_bytes)
    _check_effort(facts, layout)
    return facts


def check_size(kind: Kind, width_px: int, height_px: int, wanted_bytes: int) -> None:
    """Raise PhotoRefused when a picture of this size would be too much to decode.

    wanted_bytes: what the decoder gets; metadata does not make a bomb look like a photo.
    """
    if min(width_px, height_px) < 1:
        raise PhotoRefused(Reason.DAMAGED)
    pixels = width_px * height_px
    if pixels > BOMB_PIXELS and pixels > BOMB_PIXELS_PER_BYTE * wanted_bytes:
        raise PhotoRefused(Reason.BOMB)
    if pixels > MAX_PIXELS[kind]:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if max(width_px, height_px) > MAX_ASPECT * min(width_px, height_px):
        raise PhotoRefused(Reason.TOO_NARROW)


def _check_effort(facts: Facts, layout: Layout) -> None:
    pixels = facts.width_px * facts.height_px
    if BOMB_UNPACKED_BYTES < layout.unpacked_bytes > BOMB_UNPACKED_RATIO * facts.wanted_bytes:
        raise PhotoRefused(Reason.BOMB)
    if layout.unpacked_bytes > MAX_UNPACKED_BYTES:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if facts.is_progressive and pixels > MAX_PROGRESSIVE_PIXELS:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if layout.scans > MAX_SCANS or layout.scans * pixels > MAX_SCANNED_PIXELS:
        raise PhotoRefused(Reason.TOO_HARD)
    if facts.held_bytes > MAX_HELD_BYTES:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)


_LAYOUTS = {
    Kind.JPEG: jpeg_layout,
    Kind.PNG: png_layout,
    Kind.GIF: gif_layout,
    Kind.WEBP: webp_layout,
    Kind.AVIF: isobmff_layout,
    Kind.HEIC: isobmff_layout,
}
