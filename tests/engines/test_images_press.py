"""Caption and credit in a JPEG, read back by exiftool and by ourselves."""

from __future__ import annotations

import io
import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from desa_web.engines.images import (
    PhotoRefused,
    PressMetadata,
    read_press_metadata,
    write_press_metadata,
)
from tests.harness.hostile_images import picture, private_exif

FULL = PressMetadata(
    caption="Warga Dukuh Krajan bergotong royong — “Padi 2026” <uji> & ñ ꦗ",
    headline="Gotong royong irigasi",
    byline="Siti Aminah",
    credit="KIM Sukamaju",
    copyright="© 2026 KIM Sukamaju, CC BY 4.0",
    place="Sukamaju",
    province="Jawa Tengah",
    country="Indonesia",
    keywords=("irigasi", "gotong royong"),
    taken_on=date(2026, 11, 21),
)


def jpeg(path: Path, **options: Any) -> Path:
    picture().save(path, "JPEG", **options)
    return path


def exiftool(path: Path) -> dict[str, Any]:
    command = ["exiftool", "-j", "-G1", "-charset", "iptc=UTF8", "-charset", "exif=UTF8", path]
    done = subprocess.run(command, capture_output=True, check=True)
    tags: dict[str, Any] = json.loads(done.stdout)[0]
    return tags


def test_exiftool_reads_everything_in_all_three_places(tmp_path: Path) -> None:
    write_press_metadata(jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", FULL)
    tags = exiftool(tmp_path / "b.jpg")
    assert tags["IFD0:ImageDescription"] == FULL.caption
    assert tags["IPTC:Caption-Abstract"] == FULL.caption
    assert tags["XMP-dc:Description"] == FULL.caption
    assert tags["IFD0:Artist"] == tags["IPTC:By-line"] == tags["XMP-dc:Creator"] == FULL.byline
    assert tags["IPTC:Credit"] == tags["XMP-photoshop:Credit"] == FULL.credit
    assert tags["IFD0:Copyright"] == tags["XMP-dc:Rights"] == FULL.copyright
    assert tags["IPTC:CopyrightNotice"] == FULL.copyright
    assert tags["IPTC:Headline"] == tags["XMP-photoshop:Headline"] == FULL.headline
    assert tags["IPTC:City"] == tags["XMP-photoshop:City"] == FULL.place
    assert tags["IPTC:Province-State"] == tags["XMP-photoshop:State"] == FULL.province
    assert tags["IPTC:Country-PrimaryLocationName"] == FULL.country
    assert tags["IPTC:Keywords"] == tags["XMP-dc:Subject"] == list(FULL.keywords)
    assert tags["IPTC:DateCreated"] == tags["XMP-photoshop:DateCreated"] == "2026:11:21"
    # The digest says that IIM and XMP are in step (MWG guidelines 2.0).
    assert tags["Photoshop:IPTCDigest"] == tags["File:CurrentIPTCDigest"]
    assert "ExifTool:Warning" not in tags
    assert "ExifTool:Error" not in tags


def test_the_pixels_are_byte_for_byte_the_same(tmp_path: Path) -> None:
    source = jpeg(tmp_path / "a.jpg", quality=90)
    write_press_metadata(source, tmp_path / "b.jpg", FULL)
    plain, written = source.read_bytes(), (tmp_path / "b.jpg").read_bytes()
    tables = plain.index(b"\xff\xdb")
    assert written.endswith(plain[tables:])
    with Image.open(source) as before, Image.open(tmp_path / "b.jpg") as after:
        assert before.tobytes() == after.tobytes()


def test_what_was_there_before_is_replaced(tmp_path: Path) -> None:
    source = jpeg(tmp_path / "a.jpg", exif=private_exif(), comment=b"rumah Pak RT")
    write_press_metadata(source, tmp_path / "b.jpg", PressMetadata(credit="KIM Sukamaju"))
    tags = exiftool(tmp_path / "b.jpg")
    assert not [key for key in tags if "GPS" in key or "Make" in key or "Comment" in key]
    write_press_metadata(tmp_path / "b.jpg", tmp_path / "c.jpg", FULL)
    write_press_metadata(tmp_path / "c.jpg", tmp_path / "d.jpg", FULL)
    assert (tmp_path / "c.jpg").read_bytes() == (tmp_path / "d.jpg").read_bytes()


def test_iim_is_cut_at_a_whole_character(tmp_path: Path) -> None:
    long = PressMetadata(caption="é" * 2500, credit="ab" + "ñ" * 40, keywords=("ꦗ" * 60,))
    write_press_metadata(jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", long)
    tags = exiftool(tmp_path / "b.jpg")
    assert tags["IPTC:Caption-Abstract"] == "é" * 1000
    assert tags["IPTC:Credit"] == "ab" + "ñ" * 15
    assert tags["IPTC:Keywords"] == "ꦗ" * 21
    assert tags["XMP-dc:Description"] == "é" * 2500
    assert "ExifTool:Warning" not in tags


def test_the_longest_texts_fit_into_their_segments(tmp_path: Path) -> None:
    most = "&" * 70_000
    everything = PressMetadata(*(most,) * 8, keywords=(most,) * 200, taken_on=FULL.taken_on)
    write_press_metadata(jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", everything)
    assert exiftool(tmp_path / "b.jpg")["XMP-dc:Description"] == "&" * 6000


def test_only_a_jpeg_or_a_png_is_written_to(tmp_path: Path) -> None:
    out = io.BytesIO()
    picture().save(out, "GIF")
    (tmp_path / "a.gif").write_bytes(out.getvalue())
    with pytest.raises(PhotoRefused):
        write_press_metadata(tmp_path / "a.gif", tmp_path / "b.jpg", FULL)
    assert not (tmp_path / "b.jpg").exists()


def test_a_png_carries_caption_and_credit_and_keeps_its_pixels(tmp_path: Path) -> None:
    before, after = tmp_path / "a.png", tmp_path / "b.png"
    old = PngImagePlugin.PngInfo()
    old.add_text("Comment", "kamera lama")
    picture().save(before, "PNG", pnginfo=old)
    size_bytes = write_press_metadata(before, after, FULL)
    assert after.stat().st_size == size_bytes == write_press_metadata(before, None, FULL)
    tags = exiftool(after)
    assert tags["XMP-dc:Description"] == tags["PNG:Description"] == FULL.caption
    assert tags["XMP-dc:Creator"] == tags["PNG:Author"] == FULL.byline
    assert tags["XMP-photoshop:Credit"] == FULL.credit
    assert tags["XMP-dc:Rights"] == tags["PNG:Copyright"] == FULL.copyright
    assert b"kamera lama" not in after.read_bytes()
    with Image.open(before) as one, Image.open(after) as other:
        assert one.tobytes() == other.tobytes()
    command = ["exiftool", "-s3", "-Validate", "-Warning", after]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "OK\n"


def test_a_photographers_caption_is_read_from_iim_alone(tmp_path: Path) -> None:
    source = jpeg(tmp_path / "a.jpg")
    command = ["exiftool", "-q", "-overwrite_original", "-codedcharacterset=utf8"]
    command += ["-IPTC:Caption-Abstract=Panen raya", "-IPTC:By-line=Budi", source]
    subprocess.run(command, check=True)
    read = read_press_metadata(source)
    assert (read.caption, read.byline, read.credit) == ("Panen raya", "Budi", "")


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60).map(
    str.strip
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("press")


@settings(max_examples=40, deadline=None)
@given(caption=_TEXT, byline=_TEXT, credit=_TEXT, place=_TEXT)
def test_what_is_written_is_read_back(
    folder: Path, caption: str, byline: str, credit: str, place: str
) -> None:
    metadata = PressMetadata(caption=caption, byline=byline, credit=credit, place=place)
    path = folder / "trip.jpg"
    write_press_metadata(jpeg(path), path, metadata)
    assert read_press_metadata(path) == metadata


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 3000), byte=st.integers(0, 255), cut=st.integers(0, 4000))
def test_reading_damaged_metadata_never_fails(folder: Path, at: int, byte: int, cut: int) -> None:
    path = folder / "damaged.jpg"
    source = jpeg(path)
    write_press_metadata(source, path, FULL)
    data = bytearray(path.read_bytes())
    data[min(at, len(data) - 1)] = byte
    path.write_bytes(bytes(data[: max(1, len(data) - cut)]))
    assert isinstance(read_press_metadata(path), PressMetadata)
