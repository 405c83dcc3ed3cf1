"""Decode one photo into an upright sRGB picture that carries nothing but pixels.

Runs in the child process only: everything here may be slow, large, or killed. Memory is the
measure of this module: a JPEG is decoded at a fraction of its size, and the picture is converted
and shrunk in bands, so that beside the decoded pixels hardly anything is held.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeAlias

from PIL import Image, ImageCms, ImageFile, JpegImagePlugin

from desa_web.engines.images.facts import Facts, Kind, PhotoRefused, Reason
from desa_web.engines.images.probe import check_size

# A photo that would need more, at 4 bytes a pixel, is decoded smaller, whatever was asked for.
MAX_DECODED_BYTES = 200 * 2**20
MAX_HELD_AND_DECODED_BYTES = 380 * 2**20
BAND_ROWS = 96
# 1600 px renditions stay in memory, 2560 px masters do not.
SPOOL_BYTES = 8 * 2**20

Turn: TypeAlias = Image.Transpose | None

_TRUE_COLOUR = {"1": "L", "LAB": "RGB", "HSV": "RGB", "YCbCr": "RGB", "RGBX": "RGB", "PA": "RGBA"}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = {_TURN[5], _TURN[6], _TURN[7], _TURN[8]}
_FROM_THE_END = {_TURN[3], _TURN[4], _TURN[6], _TURN[7]}


def preload() -> None:
    """Import the decoders once, before the fork; without the heic extra HEIC is refused."""
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        GifImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
    )

    # The limits are ours (probe.py) and count for the drafted size, which Pillow's do not.
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Threads would cost a stack and an arena each under the memory limit.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        import pi_heif
    except ImportError:
        return
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.register_heif_opener(thumbnails=False)


def open_upright(
    path: Path, facts: Facts, edge_px: int | None, spool: Path
) -> tuple[Image.Image, date | None]:
    """Return the picture, its long edge at most `edge_px`, and the day it was taken.

    Large pictures pass through a nameless file in the folder `spool`. The mode is RGB, L, or
    RGBA (only when something is transparent). Raises PhotoRefused.
    """
    if facts.kind is Kind.HEIC and "HEIF" not in Image.OPEN:
        raise PhotoRefused(Reason.HEIC_NOT_INSTALLED)
    with path.open("rb") as file:
        image = _opened(file, facts)
        check_size(facts.kind, *image.size, facts.wanted_bytes)
        _draft(image, edge_px, facts.held_bytes)
        # Before the Exif: asked for it, Pillow's PNG reader decodes, and a second load() of a
        # damaged picture returns black pixels without an error.
        _load(image)
        orientation, taken_on = _exif(image)
        to_srgb = _ColourTransform(image.info.get("icc_profile"))
    # libheif has rotated already.
    turn = None if facts.kind is Kind.HEIC else _TURN.get(orientation)
    return _without_idle_alpha(_fitted(image, edge_px, to_srgb, turn, spool)), taken_on


def shrunk(image: Image.Image, edge_px: int) -> Image.Image:
    """Return the picture with its long edge at `edge_px`; never larger than it is."""
    size = _target(image.size, edge_px)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS)


class _Pieces(io.RawIOBase):
    """The wanted pieces of a file, read as if they were all of it."""

    def __init__(self, file: IO[bytes], pieces: tuple[tuple[int, int], ...]) -> None:
        self._file, self._pieces, self._at = file, pieces, 0
        self._length = sum(length for _, length in pieces)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        wanted = self._length if size < 0 else size
        parts, skipped = [], 0
        for offset, length in self._pieces:
            inside = self._at - skipped
            if wanted and 0 <= inside < length:
                self._file.seek(offset + inside)
                part = self._file.read(min(wanted, length - inside))
                parts.append(part)
                self._at += len(part)
                wanted -= len(part)
            skipped += length
        return b"".join(parts)


def _opened(file: IO[bytes], facts: Facts) -> Image.Image:
    source: Any = _Pieces(file, facts.pieces)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # JpegImageFile itself: Image.open would look for further pictures (MPO).
            if facts.kind is Kind.JPEG:
                return JpegImagePlugin.JpegImageFile(source)
            return Image.open(source, formats=[facts.kind.value])
    except MemoryError:
        raise
    except Exception:
        # Pillow's readers raise about everything on hostile bytes, struct.error to RuntimeError.
        raise PhotoRefused(Reason.DAMAGED) from None


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        is_short = "truncated" in str(error) or "premature" in str(error).lower()
        raise PhotoRefused(Reason.TRUNCATED if is_short else Reason.DAMAGED) from None


def _exif(image: Image.Image) -> tuple[int, date | None]:
    """Return the orientation (1 to 8) and the day the photo was taken; 1 and None if unreadable."""
    try:
        exif = image.getexif()
        orientation = exif.get(0x0112, 1)
        written = exif.get_ifd(0x8769).get(0x9003) or exif.get(0x0132)
    except MemoryError:
        raise
    except Exception:
        return 1, None
    return (orientation if orientation in _TURN else 1), _day(written)


def _day(written: object) -> date | None:
    try:
        day = date.fromisoformat(str(written)[:10].replace(":", "-"))
    except ValueError:
        return None
    return day if 1980 <= day.year <= 2100 else None


def _draft(image: Image.Image, edge_px: int | None, held_bytes: int) -> None:
    """Let libjpeg decode at 1/8, 1/4, 3/8 or 1/2: not below `edge_px`, not above the memory."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return
    width, height = image.size
    left = min(MAX_DECODED_BYTES, MAX_HELD_AND_DECODED_BYTES - held_bytes)
    affordable = math.sqrt(left / 4 / (width * height))
    wanted = (edge_px or max(width, height)) / max(width, height)
    eighths = min(
        next((m for m in (1, 2, 3, 4) if m / 8 >= wanted), 8),
        next((m for m in (8, 4, 3, 2) if m / 8 <= affordable), 1),
    )
    if eighths == 8:
        return
    # Pillow 13's draft() knows 1/2, 1/4, 1/8 only. 3/8 is libjpeg-turbo's answer to "one third":
    # with it a 48 MP photo becomes a 2560 px master in 60 MB, by 1/2 it takes 84.
    denominator = {1: 8, 2: 4, 3: 3, 4: 2}[eighths]
    size = (math.ceil(width * eighths / 8), math.ceil(height * eighths / 8))
    tile = image.tile[0]
    image._size = size
    image.tile = [tile._replace(extents=(0, 0, *size))]
    image.decoderconfig = (denominator, 0)


class _ColourTransform:
    """From the photo's own colours to sRGB; a profile that is broken or sRGB changes nothing."""

    def __init__(self, profile: bytes | None) -> None:
        self._profile = self._opened(profile) if profile else None
        self._made: dict[str, ImageCms.ImageCmsTransform | None] = {}

    def __call__(self, image: Image.Image) -> Image.Image:
        transform = self._for(image.mode)
        if transform is not None:
            return transform.apply(image)
        if image.mode in ("L", "RGB", "RGBA"):
            return image
        return image.convert("RGBA" if image.mode in ("LA", "La", "RGBa") else "RGB")

    def _for(self, mode: str) -> ImageCms.ImageCmsTransform | None:
        if self._profile is None or mode not in ("L", "RGB", "RGBA", "CMYK"):
            return None
        if mode not in self._made:
            target = "RGBA" if mode == "RGBA" else "RGB"
            try:
                self._made[mode] = ImageCms.ImageCmsTransform(self._profile, _SRGB, mode, target)
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                self._made[mode] = None
        return self._made[mode]

    @staticmethod
    def _opened(profile: bytes) -> ImageCms.ImageCmsProfile | None:
        try:
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            described = opened.profile.profile_description or ""
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return None
        return None if described.startswith("sRGB") else opened


def _fitted(
    image: Image.Image, edge_px: int | None, to_srgb: _ColourTransform, turn: Turn, spool: Path
) -> Image.Image:
    """Return a fresh picture, shrunk, in sRGB, upright; empties `image`.

    Finished bands wait outside the process until the decoded pixels are freed, so that the two
    pictures are never in memory together.
    """
    size = _target(image.size, edge_px)
    with SpooledTemporaryFile(max_size=SPOOL_BYTES, dir=str(spool)) as waiting:
        mode = "RGB"
        for top, bottom in _bands(size[1]):
            band = to_srgb(_band(image, size, top, bottom))
            mode = band.mode
            waiting.write(band.tobytes())
        # Not close(): Pillow keeps the pixels of a picture whose file it did not open.
        image.im = None  # type: ignore[assignment]
        waiting.seek(0)
        upright = Image.new(mode, size[::-1] if turn in _SIDEWAYS else size)
        for top, bottom in _bands(size[1]):
            rows = (size[0], bottom - top)
            band = Image.frombytes(mode, rows, waiting.read(rows[0] * rows[1] * len(mode)))
            _place(upright, band, turn, top, size[1] - bottom)
    return upright


def _bands(height: int) -> Iterator[tuple[int, int]]:
    for top in range(0, height, BAND_ROWS):
        yield top, min(height, top + BAND_ROWS)


def _band(image: Image.Image, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """Return rows `top` to `bottom` of the picture at `size`, as if it were resized at once."""
    width, height = image.size
    scale = height / size[1]
    # Lanczos looks three target pixels to each side.
    margin = math.ceil(3 * scale) + 2
    first = max(0, math.floor(top * scale) - margin)
    last = min(height, math.ceil(bottom * scale) + margin)
    band = _true_colour(image.crop((0, first, width, last)), image)
    if size == image.size:
        return band.crop((0, top - first, width, bottom - first))
    box = (0.0, top * scale - first, float(width), min(bottom * scale, height) - first)
    return band.resize((size[0], bottom - top), Image.Resampling.LANCZOS, box=box)


def _place(upright: Image.Image, band: Image.Image, turn: Turn, top: int, below: int) -> None:
    """Paste a band, turned, at its place: `top` and `below` are the rows before and after it."""
    if turn is None:
        upright.paste(band, (0, top))
        return
    offset = below if turn in _FROM_THE_END else top
    place = (offset, 0) if turn in _SIDEWAYS else (0, offset)
    upright.paste(band.transpose(turn), place)


def _true_colour(band: Image.Image, image: Image.Image) -> Image.Image:
    """Return the band in L, LA, RGB, RGBA or CMYK: palettes, colour keys and 16 bits resolved."""
    if band.mode == "P" or "transparency" in image.info:
        if "transparency" in image.info:
            band.info["transparency"] = image.info["transparency"]
            return band.convert("RGBA")
        return band.convert("RGB")
    if band.mode.startswith("I"):
        return band.convert("I").point(lambda value: value / 256).convert("L")
    if band.mode == "F":
        return band.convert("L")
    wanted = _TRUE_COLOUR.get(band.mode)
    return band.convert(wanted) if wanted else band


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA" or image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert("RGB")


def _target(size: tuple[int, int], edge_px: int | None) -> tuple[int, int]:
    width, height = size
    factor = 1 if edge_px is None else min(1, edge_px / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))
