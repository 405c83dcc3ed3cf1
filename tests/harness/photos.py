"""Photos for tests, made by rule: no two with different seeds are alike, all decode."""

from __future__ import annotations

import io
from pathlib import Path

from tests.harness.hostile_images import picture, private_exif


def photo(seed: int = 1, size: tuple[int, int] = (192, 128), *, exif: bool = False) -> bytes:
    """Return a JPEG; the same bytes for the same arguments."""
    out = io.BytesIO()
    extra = {"exif": private_exif()} if exif else {}
    picture(size, seed).save(out, "JPEG", quality=85, **extra)
    return out.getvalue()


def photo_file(folder: Path, seed: int = 1, size: tuple[int, int] = (192, 128)) -> Path:
    """Write a photo into `folder` and return its path."""
    path = folder / f"foto-{seed}-{size[0]}.jpg"
    path.write_bytes(photo(seed, size))
    return path


def pdf(text: str = "Peraturan Desa") -> bytes:
    """Return a small PDF that viewers open."""
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n%"
    )
    return body + text.encode() + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"
