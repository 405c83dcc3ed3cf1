"""What the engine says about photos: facts, results, and refusals with their sentences.

No decoding and no Pillow here: these names are imported by the web process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from desa_web.core.errors import Busy, DesaError
from desa_web.core.i18n import _

NEAR_DUPLICATE = 5


class Kind(StrEnum):
    """The kinds of picture that are taken; the value is Pillow's name for the format."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    AVIF = "AVIF"
    HEIC = "HEIF"


class Reason(StrEnum):
    """Why a photo was refused; stable, kept in the database."""

    EMPTY = "kosong"
    FILE_TOO_LARGE = "berkas-terlalu-besar"
    NOT_A_PHOTO = "bukan-foto"
    VIDEO = "video"
    UNSUPPORTED = "jenis-tidak-didukung"
    HEIC_NOT_INSTALLED = "heic-belum-dipasang"
    TRUNCATED = "terpotong"
    DAMAGED = "rusak"
    TOO_MANY_PIXELS = "terlalu-banyak-piksel"
    TOO_NARROW = "terlalu-panjang"
    BOMB = "padat-tidak-wajar"
    TOO_HARD = "terlalu-rumit"


@dataclass(frozen=True, slots=True)
class Facts:
    """A photo as its header describes it: before orientation, nothing decoded yet."""

    kind: Kind
    width_px: int
    height_px: int
    size_bytes: int
    # The bytes a decoder needs, as (offset, length); all other bytes never reach one.
    pieces: tuple[tuple[int, int], ...]
    is_progressive: bool = False
    is_lossless: bool = False
    # What the decoder must hold beside the pixels: the coefficients of a progressive photo.
    held_bytes: int = 0

    @property
    def wanted_bytes(self) -> int:
        """How many bytes a decoder gets to see."""
        return sum(length for _, length in self.pieces)


@dataclass(frozen=True, slots=True)
class Master:
    """The one kept copy of a photo: upright, sRGB, free of metadata."""

    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    mime: str
    dhash: str
    # The day the camera wrote, read before the metadata was dropped. Time and place are not kept.
    taken_on: date | None


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture made from a master; its name begins with the hash of its own bytes."""

    name: str
    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    mime: str


class PhotoRefused(DesaError):
    """This file cannot become a photo; `reason` is stable, the sentence says what to do."""

    code: ClassVar[str] = "foto-ditolak"
    status: ClassVar[int] = 422

    def __init__(self, reason: Reason) -> None:
        super().__init__(_sentence(reason), reason=str(reason))
        self.reason = reason


class PhotoBusy(Busy):
    """The server could not work on the photo now; the photo is kept and tried again later."""

    code: ClassVar[str] = "foto-menunggu"

    def __init__(self) -> None:
        super().__init__(
            _("Server sedang sibuk. Foto Anda aman dan akan diolah lagi sebentar lagi.")
        )


def likeness_distance(a: str, b: str) -> int:
    """Return how many of the 64 bits of two dhashes differ; 0 to `NEAR_DUPLICATE` is alike."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def _sentence(reason: Reason) -> str:
    # A dict inside the function: gettext must translate when the sentence is asked for.
    return {
        Reason.EMPTY: _("Berkas foto kosong. Pilih fotonya sekali lagi lalu kirim ulang."),
        Reason.FILE_TOO_LARGE: _(
            "Berkas foto lebih dari 40 MB. Kecilkan fotonya di ponsel, lalu kirim ulang."
        ),
        Reason.NOT_A_PHOTO: _(
            "Berkas ini bukan foto. Kirim foto JPEG, PNG, WebP, AVIF, atau HEIC."
        ),
        Reason.VIDEO: _("Berkas ini video, bukan foto. Ambil tangkapan layarnya lalu kirim itu."),
        Reason.UNSUPPORTED: _(
            "Jenis gambar ini belum bisa dipakai. Simpan sebagai JPEG, lalu kirim ulang."
        ),
        Reason.HEIC_NOT_INSTALLED: _(
            "Server ini belum bisa membaca foto HEIC. Di iPhone pilih Pengaturan, Kamera, Format, "
            "Paling Kompatibel; atau kirim fotonya sebagai JPEG."
        ),
        Reason.TRUNCATED: _(
            "Foto ini terpotong: sebagian isinya belum sampai. Kirim ulang dari galeri ponsel."
        ),
        Reason.DAMAGED: _(
            "Foto ini rusak dan tidak bisa dibuka. Kirim ulang dari galeri ponsel, atau pilih "
            "foto lain."
        ),
        Reason.TOO_MANY_PIXELS: _(
            "Ukuran foto ini terlalu besar. Kecilkan sampai di bawah 24 megapiksel, lalu kirim "
            "ulang."
        ),
        Reason.TOO_NARROW: _(
            "Gambar ini terlalu panjang dan sempit. Potong bagian yang penting, lalu kirim ulang."
        ),
        Reason.BOMB: _(
            "Gambar ini sangat besar tetapi hampir tanpa isi. Kecilkan dulu, lalu kirim ulang."
        ),
        Reason.TOO_HARD: _(
            "Foto ini disusun dengan cara yang terlalu rumit. Buka di ponsel, simpan sebagai "
            "JPEG baru, lalu kirim ulang."
        ),
    }[reason]
