"""The structure of the picture formats: sizes, completeness, and which bytes a decoder needs.

Pure parsing of untrusted bytes: each function returns a `Layout`, raises PhotoRefused, or lets
struct.error, IndexError or ValueError out, which the caller reads as "damaged". Nothing here
decodes a pixel or knows a limit of size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from struct import unpack_from
from typing import TypeAlias

from desa_web.engines.images.facts import PhotoRefused, Reason

Buffer: TypeAlias = mmap | bytes
Pieces: TypeAlias = tuple[tuple[int, int], ...]

# A file may be chopped into very many segments to keep us busy.
MAX_SEGMENTS = 20_000
MAX_ICC_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the picture is inside the file."""

    width_px: int
    height_px: int
    pieces: Pieces
    is_progressive: bool = False
    is_lossless: bool = False
    scans: int = 0
    coefficient_bytes: int = 0
    # What a lossless picture is before it is packed; 0 where the format does not tell.
    unpacked_bytes: int = 0


def jpeg_layout(data: Buffer) -> Layout:
    """ITU T.81 annex B: the segments up to the first EOI, without comments and metadata."""
    pieces: list[tuple[int, int]] = [(0, 2)]
    frame: Layout | None = None
    scans = icc_bytes = 0
    at = 2
    for _ in range(MAX_SEGMENTS):
        marker, at = _jpeg_marker(data, at)
        if marker == 0xD9:
            pieces.append((at - 2, 2))
            break
        length: int = unpack_from(">H", data, at)[0]
        if length < 2:
            raise PhotoRefused(Reason.DAMAGED)
        if at + length > len(data):
            raise PhotoRefused(Reason.TRUNCATED)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if frame is not None:
                raise PhotoRefused(Reason.DAMAGED)
            frame = _jpeg_frame(data, at, marker)
        if _is_wanted(data, marker, at):
            icc_bytes += length if marker == 0xE2 else 0
            if marker != 0xE2 or icc_bytes <= MAX_ICC_BYTES:
                pieces.append((at - 2, length + 2))
        at += length
        if marker == 0xDA:
            scans += 1
            end = _end_of_scan(data, at)
            pieces.append((at, end - at))
            at = end
    else:
        raise PhotoRefused(Reason.TOO_HARD)
    if frame is None or not scans:
        raise PhotoRefused(Reason.DAMAGED)
    return Layout(
        width_px=frame.width_px,
        height_px=frame.height_px,
        pieces=_joined(pieces),
        is_progressive=frame.is_progressive,
        scans=scans,
        coefficient_bytes=frame.coefficient_bytes if frame.is_progressive or scans > 1 else 0,
    )


def png_layout(data: Buffer) -> Layout:
    """PNG 3rd edition, 5: the chunks that carry pixels, palette, transparency, colour, exif."""
    pieces: list[tuple[int, int]] = [(0, 8)]
    width, height = unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise PhotoRefused(Reason.DAMAGED)
    at, has_pixels = 8, False
    for _ in range(MAX_SEGMENTS * 5):
        if at + 12 > len(data):
            raise PhotoRefused(Reason.TRUNCATED)
        length: int = unpack_from(">I", data, at)[0]
        name = bytes(data[at + 4 : at + 8])
        if at + 12 + length > len(data):
            raise PhotoRefused(Reason.TRUNCATED if name.isalpha() else Reason.DAMAGED)
        has_pixels = has_pixels or name == b"IDAT"
        if name in _PNG_WANTED and (name != b"iCCP" or length <= MAX_ICC_BYTES):
            pieces.append((at, length + 12))
        at += length + 12
        if name == b"IEND":
            break
    else:
        raise PhotoRefused(Reason.TOO_HARD)
    if not has_pixels:
        raise PhotoRefused(Reason.DAMAGED)
    bits = data[24] * _PNG_CHANNELS.get(data[25], 4)
    unpacked_bytes = (width * bits + 15) // 8 * height
    return Layout(width, height, _joined(pieces), is_lossless=True, unpacked_bytes=unpacked_bytes)


def gif_layout(data: Buffer) -> Layout:
    """GIF89a, 18: the logical screen; the decoder is asked for the first frame only."""
    width, height = unpack_from("<HH", data, 6)
    return Layout(width, height, ((0, len(data)),), is_lossless=True)


def webp_layout(data: Buffer) -> Layout:
    """RFC 9649: a RIFF file whose chunks are all there; the canvas, else the first bitstream."""
    end = unpack_from("<I", data, 4)[0] + 8
    if end > len(data):
        raise PhotoRefused(Reason.TRUNCATED)
    size: tuple[int, int] | None = None
    is_lossless, at = False, 12
    for _ in range(MAX_SEGMENTS):
        if at + 8 > end:
            break
        name = bytes(data[at : at + 4])
        length: int = unpack_from("<I", data, at + 4)[0]
        if at + 8 + length > end:
            raise PhotoRefused(Reason.TRUNCATED)
        is_lossless = is_lossless or name == b"VP8L"
        if size is None:
            size = _webp_size(data, name, at + 8)
        at += 8 + length + length % 2
    else:
        raise PhotoRefused(Reason.TOO_HARD)
    if size is None:
        raise PhotoRefused(Reason.DAMAGED)
    return Layout(*size, ((0, end),), is_lossless=is_lossless)


def isobmff_layout(data: Buffer) -> Layout:
    """ISO/IEC 14496-12 and 23008-12: boxes whole, item extents inside the file, largest `ispe`.

    libheif decodes a truncated file without an error (grey tiles), so this is the only guard.
    """
    names: set[bytes] = set()
    sizes: list[tuple[int, int]] = []
    for name, start, end in _boxes(data, 0, len(data)):
        names.add(name)
        if name == b"meta":
            sizes += _item_sizes(data, start + 4, end)
    if b"meta" not in names or not sizes:
        raise PhotoRefused(Reason.DAMAGED)
    width = max(w for w, _ in sizes)
    height = max(h for _, h in sizes)
    return Layout(width, height, ((0, len(data)),))


# Not \xff+: a literal first byte makes the search 15 times faster. Fill bytes stay in the scan.
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# By colour type (PNG 3rd edition, 11.2.1).
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_WANTED = {b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"IDAT", b"IEND", b"eXIf"}


def _jpeg_marker(data: Buffer, at: int) -> tuple[int, int]:
    """Return the marker at `at` and the position behind it; fill bytes are allowed (B.1.1.2)."""
    start = at
    if at >= len(data):
        raise PhotoRefused(Reason.TRUNCATED)
    while data[at] == 0xFF:
        at += 1
        if at >= len(data):
            raise PhotoRefused(Reason.TRUNCATED)
        if at - start > 4096:
            raise PhotoRefused(Reason.DAMAGED)
    if at == start or data[at] == 0:
        raise PhotoRefused(Reason.DAMAGED)
    marker = data[at]
    if marker == 0xD8 or 0xD0 <= marker <= 0xD7 or marker == 0x01:
        raise PhotoRefused(Reason.DAMAGED)
    return marker, at + 1


def _jpeg_frame(data: Buffer, at: int, marker: int) -> Layout:
    if marker not in (0xC0, 0xC1, 0xC2):
        raise PhotoRefused(Reason.UNSUPPORTED)
    precision, height, width, components = unpack_from(">BHHB", data, at + 2)
    if precision != 8 or components not in (1, 3, 4):
        raise PhotoRefused(Reason.UNSUPPORTED)
    if height == 0 or width == 0:
        raise PhotoRefused(Reason.DAMAGED)
    sampling = [data[at + 9 + 3 * i] for i in range(components)]
    factors = [(byte >> 4, byte & 15) for byte in sampling]
    if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in factors):
        raise PhotoRefused(Reason.DAMAGED)
    h_max, v_max = max(h for h, _ in factors), max(v for _, v in factors)
    # libjpeg holds 64 two-byte coefficients a block for files with several scans.
    blocks = sum((width * h // h_max // 8 + 2) * (height * v // v_max // 8 + 2) for h, v in factors)
    return Layout(width, height, (), is_progressive=marker == 0xC2, coefficient_bytes=blocks * 128)


def _is_wanted(data: Buffer, marker: int, at: int) -> bool:
    """Tables, frames, scans; JFIF and Adobe (colour), ICC, and Exif for the orientation."""
    if marker == 0xE0:
        return True
    if marker == 0xEE:
        # libjpeg passes over a short one, Pillow stumbles.
        return bool(unpack_from(">H", data, at)[0] >= 14)
    if marker == 0xE1:
        return bytes(data[at + 2 : at + 8]) == b"Exif\0\0"
    if marker == 0xE2:
        return bytes(data[at + 2 : at + 14]) == b"ICC_PROFILE\0"
    return marker < 0xE0


def _end_of_scan(data: Buffer, at: int) -> int:
    found = _NEXT_MARKER.search(data, at)
    if found is None:
        raise PhotoRefused(Reason.TRUNCATED)
    return found.start()


def _joined(pieces: list[tuple[int, int]]) -> Pieces:
    joined: list[tuple[int, int]] = []
    for offset, length in pieces:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((offset, length))
    return tuple(joined)


def _webp_size(data: Buffer, name: bytes, at: int) -> tuple[int, int] | None:
    if name == b"VP8X":
        packed = bytes(data[at + 4 : at + 10])
        return (
            int.from_bytes(packed[:3], "little") + 1,
            int.from_bytes(packed[3:], "little") + 1,
        )
    if name == b"VP8L":
        bits: int = unpack_from("<I", data, at + 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        width, height = unpack_from("<HH", data, at + 6)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _boxes(data: Buffer, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(MAX_SEGMENTS):
        if at == end:
            return
        if at + 8 > end:
            raise PhotoRefused(Reason.TRUNCATED)
        size: int = unpack_from(">I", data, at)[0]
        head = 8
        if size == 1:
            size, head = unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head:
            raise PhotoRefused(Reason.DAMAGED)
        if at + size > end:
            raise PhotoRefused(Reason.TRUNCATED)
        yield bytes(data[at + 4 : at + 8]), at + head, at + size
        at += size
    raise PhotoRefused(Reason.TOO_HARD)


def _item_sizes(data: Buffer, at: int, end: int, depth: int = 0) -> Iterator[tuple[int, int]]:
    # meta holds iprp, which holds ipco, which holds ispe: a deeper nest is made to exhaust us.
    if depth > 3:
        raise PhotoRefused(Reason.TOO_HARD)
    for name, start, stop in _boxes(data, at, end):
        if name == b"iloc":
            _check_extents(data, start)
        elif name in (b"iprp", b"ipco"):
            yield from _item_sizes(data, start, stop, depth + 1)
        elif name == b"ispe":
            yield unpack_from(">II", data, start + 4)


def _check_extents(data: Buffer, at: int) -> None:
    """Follow `iloc`: an item stored beyond the end of the file has not arrived."""
    version = data[at]
    if version > 2:
        raise PhotoRefused(Reason.DAMAGED)
    reader = _Reader(data, at + 4)
    widths = reader.uint(1), reader.uint(1)
    offset_bytes, length_bytes = widths[0] >> 4, widths[0] & 15
    base_bytes, index_bytes = widths[1] >> 4, widths[1] & 15
    # All widths may be 0, so an extent may cost no byte: count them together.
    budget = MAX_SEGMENTS
    for _ in range(_at_most(reader.uint(2 if version < 2 else 4), budget)):
        reader.uint(2 if version < 2 else 4)
        method = reader.uint(2) & 15 if version else 0
        reader.uint(2)
        base = reader.uint(base_bytes)
        extents = reader.uint(2)
        budget -= _at_most(extents, budget)
        for _ in range(extents):
            reader.uint(index_bytes if version else 0)
            offset, length = reader.uint(offset_bytes), reader.uint(length_bytes)
            if method == 0 and base + offset + length > len(data):
                raise PhotoRefused(Reason.TRUNCATED)


def _at_most(count: int, limit: int) -> int:
    if count > limit:
        raise PhotoRefused(Reason.TOO_HARD)
    return count


class _Reader:
    def __init__(self, data: Buffer, at: int) -> None:
        self._data, self._at = data, at

    def uint(self, size: int) -> int:
        """Return the next big-endian number of `size` bytes (0 bytes: 0)."""
        raw = self._data[self._at : self._at + size]
        if len(raw) < size:
            raise PhotoRefused(Reason.TRUNCATED)
        self._at += size
        return int.from_bytes(raw, "big")
