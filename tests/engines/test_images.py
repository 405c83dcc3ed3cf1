"""What becomes of sound photos: upright, small, sRGB, private, written whole."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

from desa_web.engines.images import (
    NEAR_DUPLICATE,
    PhotoRefused,
    Reason,
    Studio,
    likeness_distance,
    probe,
)
from tests.harness.hostile_images import (
    PAYLOADS,
    good_photos,
    jpeg_segment,
    picture,
    private_exif,
)

_ALLOWED_GROUPS = {"SourceFile", "ExifTool", "System", "File", "JFIF", "PNG", "RIFF", "Composite"}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as opened:
        yield opened


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def near(a: tuple[int, ...], b: tuple[int, ...], by: int) -> bool:
    return all(abs(x - y) <= by for x, y in zip(a, b, strict=True))


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (80, 60)) -> Image.Image:
    return Image.new("RGB", size, colour)


@pytest.mark.parametrize("name", sorted(good_photos()))
def test_every_allowed_kind_becomes_a_master_and_renditions(
    name: str, studio: Studio, tmp_path: Path
) -> None:
    photo = tmp_path / name
    photo.write_bytes(good_photos()[name])
    facts = probe(photo)
    master = studio.ingest(photo, tmp_path / "master")
    assert (master.width_px, master.height_px) == (facts.width_px, facts.height_px)
    data = (tmp_path / "master").read_bytes()
    assert (master.size_bytes, master.sha256) == (len(data), sha256(data).hexdigest())
    with Image.open(tmp_path / "master") as image:
        assert Image.MIME[image.format or ""] == master.mime
        assert image.size == (master.width_px, master.height_px)
    made = studio.renditions(tmp_path / "master", tmp_path / "out")
    assert [one.mime for one in made] == ["image/webp", "image/jpeg"]


def test_nothing_private_is_in_anything_written(studio: Studio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name, data in good_photos().items():
        photo = tmp_path / name
        photo.write_bytes(data)
        studio.ingest(photo, out / f"master-{name}")
        studio.renditions(photo, out)
    written = list(out.iterdir())
    assert len(written) > 20
    for path in written:
        assert not [payload for payload in PAYLOADS if payload in path.read_bytes()]
    # A parser that is not ours; `make test` installs libimage-exiftool-perl.
    command = ["exiftool", "-j", "-G1", "-r", "-ee", out]
    listing = subprocess.run(command, capture_output=True, check=True)
    groups = {key.split(":")[0] for tags in json.loads(listing.stdout) for key in tags}
    assert groups <= _ALLOWED_GROUPS


def test_the_day_is_read_before_the_metadata_is_dropped(studio: Studio, tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture(), exif=private_exif())
    assert studio.ingest(photo, tmp_path / "m").taken_on == date(2026, 11, 19)
    photo = saved(tmp_path / "b.jpg", picture())
    assert studio.ingest(photo, tmp_path / "m").taken_on is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("height", [90, 217])
def test_every_orientation_ends_upright(
    orientation: int, height: int, studio: Studio, tmp_path: Path
) -> None:
    """217 rows are three bands, so a wrong place of a band shows."""
    upright = Image.linear_gradient("L").resize((160, height)).convert("RGB")
    ImageDraw.Draw(upright).rectangle((0, 0, 70, 30), fill="red")
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright
    if orientation > 1:
        stored = upright.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = saved(tmp_path / "a.jpg", stored, exif=exif, quality=95)
    studio.ingest(photo, tmp_path / "m")
    with Image.open(tmp_path / "m") as made:
        assert made.size == upright.size
        difference = ImageStat.Stat(ImageChops.difference(made.convert("RGB"), upright))
        assert max(difference.mean) < 4


def test_bands_leave_no_seam(studio: Studio, tmp_path: Path) -> None:
    image = picture((900, 700))
    photo = saved(tmp_path / "a.png", image)
    studio.ingest(photo, tmp_path / "m", max_edge_px=611)
    whole = image.resize((611, 475), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=90, optimize=True)
    with Image.open(tmp_path / "m") as made, Image.open(out) as expected:
        extremes = ImageChops.difference(made.convert("RGB"), expected.convert("RGB")).getextrema()
    assert all(high <= 16 for _, high in extremes)


@pytest.mark.parametrize(
    ("size", "edges"),
    [
        ((2400, 1800), [1600, 1024, 1024, 640, 320]),
        ((1800, 2400), [1600, 1024, 1024, 640, 320]),
        ((1600, 900), [1600, 1024, 1024, 640, 320]),
        ((1200, 1200), [1200, 1024, 1024, 640, 320]),
        ((1024, 500), [1024, 1024, 640, 320]),
        ((900, 500), [900, 900, 640, 320]),
        ((300, 200), [300, 300]),
        ((3, 1), [3, 3]),
    ],
)
def test_renditions_step_by_the_long_edge_and_never_enlarge(
    size: tuple[int, int], edges: list[int], studio: Studio, tmp_path: Path
) -> None:
    photo = saved(tmp_path / "a.jpg", flat((90, 120, 60), size))
    made = studio.renditions(photo, tmp_path / "out")
    assert [max(one.width_px, one.height_px) for one in made] == edges
    for one in made:
        data = (tmp_path / "out" / one.name).read_bytes()
        assert one.sha256 == sha256(data).hexdigest()
        assert one.name.startswith(one.sha256[:20])
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (one.width_px, one.height_px)
            assert Image.MIME[image.format or ""] == one.mime
            assert image.info.get("progressive") == (1 if one.mime == "image/jpeg" else None)
            assert abs(image.width / image.height - size[0] / size[1]) < 0.03 * size[0] / size[1]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {one.name for one in made}


@pytest.mark.parametrize("edge", [None, 2560, 1000])
def test_a_master_is_bounded_by_its_long_edge(
    edge: int | None, studio: Studio, tmp_path: Path
) -> None:
    photo = saved(tmp_path / "a.jpg", flat((9, 9, 9), (3000, 4000)))
    master = studio.ingest(photo, tmp_path / "m", max_edge_px=edge)
    assert master.height_px == (edge or 4000)
    assert master.width_px == (edge or 4000) * 3 // 4


def test_a_wide_gamut_photo_keeps_its_look(studio: Studio, tmp_path: Path) -> None:
    """A profile whose red and green are exchanged must come out exchanged."""
    lab = ImageCms.createProfile("LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = bytearray(srgb)
    red, green = srgb.index(b"rXYZ"), srgb.index(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    # Not recognised as sRGB by its name any more.
    renamed = bytes(swapped).replace("sRGB".encode("utf-16-be"), "tukr".encode("utf-16-be"))
    photo = saved(tmp_path / "a.png", flat((250, 10, 10)), icc_profile=renamed)
    studio.ingest(photo, tmp_path / "m")
    with Image.open(tmp_path / "m") as made:
        assert near(made.convert("RGB").getpixel((5, 5)), (10, 250, 10), 12)
        assert "icc_profile" not in made.info
    for wrong in (profile, b"x", srgb[:200]):
        photo = saved(tmp_path / "a.png", flat((250, 10, 10)), icc_profile=wrong)
        studio.ingest(photo, tmp_path / "m")
        with Image.open(tmp_path / "m") as made:
            assert near(made.convert("RGB").getpixel((5, 5)), (250, 10, 10), 12)


def test_cmyk_and_sixteen_bits_come_out_right(studio: Studio, tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", flat((200, 60, 40)).convert("CMYK"), quality=95)
    studio.ingest(photo, tmp_path / "m")
    with Image.open(tmp_path / "m") as made:
        assert near(made.convert("RGB").getpixel((9, 9)), (200, 60, 40), 8)
    grey = Image.new("I;16", (300, 300), 0x8000)
    photo = saved(tmp_path / "b.png", grey)
    studio.ingest(photo, tmp_path / "m", max_edge_px=100)
    with Image.open(tmp_path / "m") as made:
        assert near(made.convert("RGB").getpixel((9, 9)), (128, 128, 128), 3)


def test_transparency_is_kept_in_png_and_webp_and_white_in_jpeg(
    studio: Studio, tmp_path: Path
) -> None:
    logo = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    ImageDraw.Draw(logo).ellipse((100, 50, 300, 250), fill=(0, 90, 50, 255))
    for image in (logo, logo.quantize(16)):
        photo = saved(tmp_path / "a.png", image)
        master = studio.ingest(photo, tmp_path / "m")
        assert master.mime == "image/png"
        webp, jpeg, _ = studio.renditions(tmp_path / "m", tmp_path)
        with Image.open(tmp_path / webp.name) as made:
            assert made.convert("RGBA").getpixel((5, 5))[3] == 0
        with Image.open(tmp_path / jpeg.name) as made:
            assert near(made.getpixel((5, 5)), (255, 255, 255), 3)
            assert near(made.getpixel((200, 150)), (0, 90, 50), 8)


def test_an_unused_alpha_channel_does_not_make_a_png(studio: Studio, tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.png", picture((600, 400)).convert("RGBA"))
    assert studio.ingest(photo, tmp_path / "m").mime == "image/jpeg"


def test_a_poster_stays_png_and_a_photo_in_png_becomes_jpeg(studio: Studio, tmp_path: Path) -> None:
    poster = flat((255, 255, 255), (800, 600))
    ImageDraw.Draw(poster).rectangle((50, 50, 700, 90), fill="navy")
    assert studio.ingest(saved(tmp_path / "a.png", poster), tmp_path / "m").mime == "image/png"
    grain = Image.effect_noise((400, 300), 40).convert("RGB")
    assert studio.ingest(saved(tmp_path / "b.png", grain), tmp_path / "m").mime == "image/jpeg"


def test_only_the_first_frame_of_an_animation_is_kept(studio: Studio, tmp_path: Path) -> None:
    red, blue = flat((250, 0, 0)), flat((0, 0, 250))
    for name in ("a.gif", "a.webp", "a.png"):
        photo = saved(tmp_path / name, red, save_all=True, append_images=[blue])
        studio.ingest(photo, tmp_path / "m")
        with Image.open(tmp_path / "m") as made:
            assert getattr(made, "n_frames", 1) == 1
            assert near(made.convert("RGB").getpixel((5, 5)), (250, 0, 0), 12)


def test_likeness_survives_shrinking_and_tells_pictures_apart(
    studio: Studio, tmp_path: Path
) -> None:
    image = picture((1200, 800))
    first = studio.ingest(saved(tmp_path / "a.jpg", image, quality=95), tmp_path / "m")
    again = saved(tmp_path / "b.jpg", image.resize((500, 333)), quality=40)
    other = saved(tmp_path / "c.jpg", image.rotate(180))
    second, third = studio.ingest(again, tmp_path / "m"), studio.ingest(other, tmp_path / "m")
    assert likeness_distance(first.dhash, second.dhash) <= NEAR_DUPLICATE
    assert likeness_distance(first.dhash, third.dhash) > NEAR_DUPLICATE


def test_the_same_photo_gives_the_same_bytes(studio: Studio, tmp_path: Path) -> None:
    photo = saved(tmp_path / "a.jpg", picture((700, 500)))
    first = studio.ingest(photo, tmp_path / "m1")
    assert studio.ingest(photo, tmp_path / "m2") == first
    names = [one.name for one in studio.renditions(tmp_path / "m1", tmp_path / "x")]
    assert [one.name for one in studio.renditions(tmp_path / "m2", tmp_path / "y")] == names


def test_a_second_picture_in_the_file_is_not_looked_at(studio: Studio, tmp_path: Path) -> None:
    """Phones append depth maps and films behind the picture and announce them by MPF."""
    photo = tmp_path / "a.jpg"
    jpeg = good_photos()["baseline.jpg"]
    announced = jpeg[:2] + jpeg_segment(0xE2, b"MPF\0" + bytes(80)) + jpeg[2:]
    photo.write_bytes(announced + jpeg + b"\0\0\0\x18ftypmp42")
    assert studio.ingest(photo, tmp_path / "m").width_px == 192


def test_every_reason_has_a_sentence_with_a_next_step() -> None:
    sentences = {str(PhotoRefused(reason)) for reason in Reason}
    assert len(sentences) == len(Reason)
    steps = ("kirim", "pilih", "potong", "simpan", "kecilkan")
    for sentence in sentences:
        assert sentence.endswith(".")
        assert any(step in sentence.lower() for step in steps), sentence


@pytest.mark.long
def test_memory_stays_within_the_promise(studio: Studio, tmp_path: Path) -> None:
    grain = Image.effect_noise((8000, 6000), 12)
    image = Image.merge("RGB", (grain, Image.linear_gradient("L").resize((8000, 6000)), grain))
    peaks = []
    for progressive in (False, True):
        photo = saved(tmp_path / "a.jpg", image, progressive=progressive, exif=private_exif(6))
        for edge in (2560, 1600):
            studio.ingest(photo, tmp_path / "m", max_edge_px=edge)
            peaks.append(studio.last_usage["peak_mb"])
        studio.renditions(photo, tmp_path)
        peaks.append(studio.last_usage["peak_mb"])
    assert max(peaks[:3]) <= 60
    assert max(peaks[3:]) <= 200


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "mode", "size", "options"),
    [
        ("JPEG", "RGB", (8600, 5700), {"progressive": True, "subsampling": 0}),
        ("JPEG", "RGB", (9800, 6600), {"progressive": True}),
        ("JPEG", "L", (19_000, 13_000), {}),
        ("JPEG", "CMYK", (9000, 6000), {}),
        ("PNG", "RGBA", (8600, 5800), {"compress_level": 1}),
        ("GIF", "P", (6100, 4000), {}),
        ("WEBP", "RGBA", (4800, 3300), {"quality": 40, "method": 0}),
        ("AVIF", "RGB", (5900, 4000), {"speed": 10}),
    ],
)
def test_the_largest_accepted_photos_fit_into_the_memory_limit(
    kind: str,
    mode: str,
    size: tuple[int, int],
    options: dict[str, Any],
    studio: Studio,
    tmp_path: Path,
) -> None:
    """Otherwise a photo would wait for ever for memory that no server gives it."""
    image = picture((1200, 800)).resize(size).convert(mode)
    photo = tmp_path / "largest"
    image.save(photo, kind, **options)
    for edge in (2560, None):
        master = studio.ingest(photo, tmp_path / "m", max_edge_px=edge)
        assert max(master.width_px, master.height_px) >= (edge or 3000)
        assert studio.last_usage["peak_mb"] < 430
