"""Hostile and broken pictures, made by rule from a fixed seed: `for file in corpus(): …`.

Each `Hostile` names the outcomes that are right for it: "clean" (it became a master) or the
reasons with which it may be refused. The corpus is made in memory, one file at a time.
"""

from __future__ import annotations

import base64
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, PngImagePlugin

from desa_web.engines.images import Reason

CLEAN = "clean"
SECRET_CAMERA = "RahasiaKamera9000"
SECRET_TEXT = "RahasiaLokasiRumah"
PHP = b"<?php system($_GET['c']); /* RahasiaPHP */ ?>"
HTML = b"<html><script>alert('RahasiaHTML')</script></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>RahasiaSVG()</script></svg>"
PAYLOADS = (b"RahasiaPHP", b"RahasiaHTML", b"RahasiaSVG", b"RahasiaLokasi", b"RahasiaKamera")

_BROKEN = frozenset({Reason.TRUNCATED, Reason.DAMAGED})
_ANY_REFUSAL = frozenset(set(Reason) - {Reason.EMPTY, Reason.FILE_TOO_LARGE})
_TOO_BIG = frozenset({Reason.TOO_MANY_PIXELS, Reason.BOMB, Reason.TOO_NARROW})

# 96 x 64 px, x265, with Exif that names a camera and a position in the southern hemisphere.
_HEIC = base64.b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004(ZDn*}000000000XXk=`10000000000aA{+7000000000000000"
    "00000G-"
    "+&aV*mgE07O6l0ssL300001y8r<I000000021v0ssI200Hy>0RR9100000o&W#<IB98aW&i*H00062000$fZf0cy00"
    "0000RRAKc4ILB0000LX>Mj^0ssI300IC2MR;ju000004sdC7Z2$lO00031007o$aB^?}006gXaAR)(004Msc4I>U18"
    "@KU0FVFx0000U@BsY%`1k+-4+CHT0RR|40Sp2E{{wIU00RJ!0009300RIXx&lC90096iLID8-"
    "Z~y=U0FVFx0{{R603M()fd!W8Nhz*w0vZem00093$N&HX00=;000968L;=Baup&SJ000wXZ)|dIV{CW;0RRmE27mwn"
    "02FC+aAg1h000000AK(B06+i$01$9#cxeCt0009B2nYZG02gU+ZD9Za00000009621c3qr1ONa48fkK6W&i*H00000"
    "4r63<V*mmG0RRC2007@@WMOmw001>80k0E)<ukya|Lp>g|A0*J`_DP#On+TI=Cr@_PB>-"
    "ax~QP(W$)>D$1%kJ&*2oW&;6XZ00006MR;ju002!*04e|g00;mA0S^EI000080000ch$R37000010000k00000RAp>"
    "saBpq^00aO500IC200L700000200jU500RI30Av6I00IC200Kn-"
    "0000400jU500RI30DJ%d0000000#g70096103iSX0096101N;C009610B!&P00961009610096100IC2009"
)


@dataclass(frozen=True, slots=True)
class Hostile:
    name: str
    data: bytes
    outcomes: frozenset[str]


def corpus(*, is_light: bool = False) -> Iterator[Hostile]:
    """Yield every file of the corpus; the same bytes on every run with the same Pillow.

    The light corpus leaves out what takes seconds to make: real bombs.
    """
    for family in _LIGHT_FAMILIES if is_light else _LIGHT_FAMILIES + _HEAVY_FAMILIES:
        yield from family()


def good_photos() -> dict[str, bytes]:
    """Return one small, sound photo of each kind, with a camera's name and a GPS position."""
    made = {
        "baseline.jpg": _saved("JPEG", quality=85, exif=private_exif()),
        "progressive.jpg": _saved("JPEG", quality=85, progressive=True, exif=private_exif()),
        "grey.jpg": _saved("JPEG", mode="L", exif=private_exif()),
        "cmyk.jpg": _saved("JPEG", mode="CMYK", exif=private_exif()),
        "photo.png": _saved("PNG", exif=private_exif(), pnginfo=_png_text()),
        "palette.png": _saved("PNG", mode="P"),
        "lossy.webp": _saved("WEBP", quality=70, exif=private_exif()),
        "lossless.webp": _saved("WEBP", lossless=True, mode="RGBA"),
        "photo.gif": _saved("GIF", mode="P", comment=SECRET_TEXT.encode()),
        "photo.avif": _saved("AVIF", quality=60, exif=private_exif()),
        "photo.heic": _HEIC,
    }
    return made


def picture(size: tuple[int, int] = (192, 128), seed: int = 5) -> Image.Image:
    """Return a picture with gradients, edges and grain."""
    across = Image.linear_gradient("L").resize(size)
    down = Image.linear_gradient("L").rotate(90).resize(size)
    image = Image.merge("RGB", (across, down, Image.radial_gradient("L").resize(size)))
    draw = ImageDraw.Draw(image)
    dice = random.Random(seed)
    for _ in range(12):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        draw.ellipse((x, y, x + size[0] // 6, y + size[1] // 6), fill=colour)
    noise = Image.frombytes("L", (64, 64), dice.randbytes(4096)).resize(size)
    return Image.blend(image, Image.merge("RGB", (noise, noise, noise)), 0.15)


def private_exif(orientation: int = 1) -> bytes:
    """Return Exif with a camera's name, a position, a day and an orientation."""
    exif = Image.Exif()
    exif[0x010F] = SECRET_CAMERA
    exif[0x0110] = SECRET_CAMERA
    exif[0x0112] = orientation
    exif[0x0132] = "2026:11:20 08:15:00"
    details = exif.get_ifd(0x8769)
    details[0x9003] = "2026:11:19 07:00:00"
    details[0x9286] = SECRET_TEXT
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "S", (7.0, 33.0, 12.0), "E", (110.0, 1.0, 2.0)
    return exif.tobytes()


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _truncated() -> Iterator[Hostile]:
    for name, data in good_photos().items():
        for part in range(1, 16):
            cut = data[: len(data) * part // 16]
            outcomes = _ANY_REFUSAL if part < 3 else _BROKEN
            # A GIF says nowhere how long it is; libwebp forgives nothing, GIF readers do.
            yield _named(name, f"cut{part:02}", cut, {*outcomes, *([CLEAN] * ("gif" in name))})


def _flipped() -> Iterator[Hostile]:
    dice = random.Random(20261122)
    for name, data in good_photos().items():
        for turn in range(20):
            broken = bytearray(data)
            for _ in range(1 + turn % 5):
                # Half of the flips hit the header, where the lengths are.
                reach = len(broken) if turn % 2 else min(len(broken), 160)
                broken[dice.randrange(reach)] ^= 1 << dice.randrange(8)
            yield _named(name, f"flip{turn:02}", bytes(broken), {CLEAN, *_ANY_REFUSAL})


def _polyglots() -> Iterator[Hostile]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("shell.php", PHP)
    tails = {"php": PHP, "html": HTML, "svg": SVG, "zip": archive.getvalue()}
    boxed = {key: struct.pack(">I4s", len(tail) + 8, b"free") + tail for key, tail in tails.items()}
    for name, data in good_photos().items():
        for key, tail in tails.items():
            if name.endswith(("avif", "heic")):
                yield _named(name, f"tail-{key}", data + boxed[key], {CLEAN})
                yield _named(name, f"rawtail-{key}", data + tail, _BROKEN)
            else:
                yield _named(name, f"tail-{key}", data + tail, {CLEAN})
    jpeg, png = good_photos()["baseline.jpg"], good_photos()["photo.png"]
    for key, payload in {"php": PHP, "html": HTML, "svg": SVG}.items():
        for marker in (0xFE, 0xE1, 0xED, 0xEF):
            broken = jpeg[:2] + jpeg_segment(marker, payload) + jpeg[2:]
            yield _named("a.jpg", f"{key}-{marker:x}", broken, {CLEAN})
        text = png_chunk(b"tEXt", b"Comment\0" + payload)
        yield _named("a.png", f"{key}-text", png[:33] + text + png[33:], {CLEAN})
        yield _named("a.gif", f"{key}-magic", b"GIF89a" + payload, {CLEAN, *_ANY_REFUSAL})
        yield _named("a.jpg", f"{key}-magic", b"\xff\xd8\xff\xe0" + payload, _BROKEN)
        yield _named("a.png", f"{key}-magic", b"\x89PNG\r\n\x1a\n" + payload, _BROKEN)
        broken = b"RIFF" + struct.pack("<I", len(payload) + 4) + b"WEBP" + payload
        yield _named("a.webp", f"{key}-magic", broken, _BROKEN)


def _wrong_names() -> Iterator[Hostile]:
    for name, data in good_photos().items():
        for suffix in (".php", ".html", ".jpg.exe", ".tiff", ""):
            yield Hostile(f"wrong-{name.replace('.', '-')}{suffix}", data, frozenset({CLEAN}))


def _strangers() -> Iterator[Hostile]:
    ftyp = b"\0\0\0\x18ftyp%s\0\0\2\0isommp41" + bytes(400)
    strangers: dict[str, tuple[bytes, Reason]] = {
        "nol.jpg": (b"", Reason.EMPTY),
        "satu.jpg": (b"\xff", Reason.NOT_A_PHOTO),
        "shell.jpg": (PHP, Reason.NOT_A_PHOTO),
        "page.jpg": (HTML, Reason.NOT_A_PHOTO),
        "vector.jpg": (SVG, Reason.UNSUPPORTED),
        "vector2.png": (b'<?xml version="1.0"?><!-- x -->' + SVG, Reason.UNSUPPORTED),
        "scan.pdf": (b"%PDF-1.7\n" + bytes(300), Reason.NOT_A_PHOTO),
        "print.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%id) run", Reason.NOT_A_PHOTO),
        "scan.jpg": (_saved("TIFF"), Reason.UNSUPPORTED),
        "paint.jpg": (_saved("BMP"), Reason.UNSUPPORTED),
        "icon.png": (_saved("ICO"), Reason.UNSUPPORTED),
        "art.psd": (b"8BPS\0\1" + bytes(300), Reason.UNSUPPORTED),
        "film.jp2": (_saved("JPEG2000"), Reason.UNSUPPORTED),
        "film.mp4": (ftyp.replace(b"%s", b"isom"), Reason.VIDEO),
        "film.mov": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(99), Reason.VIDEO),
        "film.webm": (b"\x1a\x45\xdf\xa3" + bytes(99), Reason.VIDEO),
        "film.avi": (b"RIFF\x64\0\0\0AVI LIST" + bytes(99), Reason.VIDEO),
        "arsip.jpg": (b"PK\3\4" + bytes(99), Reason.NOT_A_PHOTO),
        "program.jpg": (b"\x7fELF" + bytes(99), Reason.NOT_A_PHOTO),
        "tulisan.jpg": (b"Kerja bakti hari Minggu", Reason.NOT_A_PHOTO),
        "acak.jpg": (random.Random(3).randbytes(5000), Reason.NOT_A_PHOTO),
        "besar.jpg": (b"\xff\xd8\xff" + bytes(40 * 2**20), Reason.FILE_TOO_LARGE),
        "nul.png": (bytes(5000), Reason.NOT_A_PHOTO),
    }
    for name, (data, reason) in strangers.items():
        yield Hostile(f"stranger-{name}", data, frozenset({reason}))


def _bombs() -> Iterator[Hostile]:
    for edge in (4000, 7000, 12_000, 20_000, 65_500):
        yield Hostile(f"bomb-zeros-{edge}.png", _flat_png(edge, edge), frozenset({Reason.BOMB}))
    wide = _flat_png(60_000, 100)
    yield Hostile("bomb-narrow.png", wide, frozenset({Reason.TOO_NARROW}))
    yield Hostile("bomb-tall.png", _flat_png(100, 60_000), frozenset({Reason.TOO_NARROW}))
    for size in (8000, 16_000):
        grey = Image.new("L", (size, size))
        out = io.BytesIO()
        grey.save(out, "JPEG", progressive=True, quality=10)
        yield Hostile(f"bomb-{size}.jpg", out.getvalue(), _TOO_BIG | {CLEAN})
    out = io.BytesIO()
    Image.new("RGB", (8000, 8000), "red").save(out, "WEBP", lossless=True, method=0)
    yield Hostile("bomb-flat.webp", out.getvalue(), _TOO_BIG)
    out = io.BytesIO()
    Image.new("P", (9000, 9000)).save(out, "GIF")
    yield Hostile("bomb-flat.gif", out.getvalue(), _TOO_BIG)
    png = good_photos()["photo.png"]
    squeezed = zlib.compress(bytes(100 * 2**20), 9)
    for name, body in {
        b"zTXt": b"Comment\0\0" + squeezed,
        b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0" + squeezed,
        b"iCCP": b"icc\0\0" + squeezed,
    }.items():
        broken = png[:33] + png_chunk(name, body) + png[33:]
        yield _named("a.png", f"bomb-{name.decode()}", broken, {CLEAN, Reason.DAMAGED})


def _claims() -> Iterator[Hostile]:
    """Sound files whose header lies about the size."""
    dims = [(65_500, 65_500), (65_535, 1), (1, 65_535), (0, 100), (100, 0), (30_000, 30_000)]
    photos = good_photos()
    for width, height in dims:
        outcomes = {*_TOO_BIG, *_BROKEN, CLEAN} if min(width, height) else {*_BROKEN}
        for name in ("baseline.jpg", "progressive.jpg", "cmyk.jpg"):
            data = bytearray(photos[name])
            at = _frame_at(data)
            data[at + 5 : at + 9] = struct.pack(">HH", height, width)
            yield _named(name, f"claim{width}x{height}", bytes(data), outcomes - {CLEAN})
        png = photos["photo.png"]
        header = png_chunk(b"IHDR", struct.pack(">II", width, height) + png[24:29])
        yield _named(
            "a.png", f"claim{width}x{height}", png[:8] + header + png[33:], outcomes - {CLEAN}
        )
        gif = bytearray(photos["photo.gif"])
        gif[6:10] = struct.pack("<HH", width, height)
        yield _named("a.gif", f"claim{width}x{height}", bytes(gif), outcomes | {Reason.BOMB})
        for name in ("photo.avif", "photo.heic"):
            data = bytearray(photos[name])
            at = data.index(b"ispe") + 8
            data[at : at + 8] = struct.pack(">II", width, height)
            yield _named(name, f"claim{width}x{height}", bytes(data), outcomes)
    webp = bytearray(photos["lossless.webp"])
    at = webp.index(b"VP8L") + 9
    webp[at : at + 4] = b"\xff\xff\xff\x0f"
    yield _named("a.webp", "claim16384", bytes(webp), {*_TOO_BIG, *_BROKEN})


def _scan_floods() -> Iterator[Hostile]:
    for edge, floods in ((192, (101, 1000, 20_000)), (2600, (95, 101, 3000))):
        out = io.BytesIO()
        picture((edge, edge * 2 // 3)).save(out, "JPEG", quality=60, progressive=True)
        data = out.getvalue()
        last = data.rindex(b"\xff\xda")
        for count in floods:
            flooded = data[:last] + data[last:-2] * count + b"\xff\xd9"
            if len(flooded) > 40 * 2**20:
                continue
            outcomes = {Reason.TOO_HARD} if count > 100 else {CLEAN, Reason.TOO_HARD}
            yield _named("a.jpg", f"scans{edge}x{count}", flooded, outcomes)
        empty_scan = data[last : last + 2 + int.from_bytes(data[last + 2 : last + 4], "big")]
        flooded = data[:-2] + empty_scan * 5000 + b"\xff\xd9"
        yield _named("a.jpg", f"emptyscans{edge}", flooded, {Reason.TOO_HARD})


def _metadata_floods() -> Iterator[Hostile]:
    photos = good_photos()
    jpeg, png, webp = photos["baseline.jpg"], photos["photo.png"], photos["lossy.webp"]
    filler = SECRET_TEXT.encode() * 3000
    for marker, head in (
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0"),
        (0xE1, b"Exif\0\0"),
        (0xE2, b"ICC_PROFILE\0\1\1"),
        (0xE2, b"MPF\0"),
        (0xED, b"Photoshop 3.0\0"),
        (0xFE, b""),
    ):
        flood = jpeg_segment(marker, head + filler) * 190
        name = f"meta-{marker:x}-{len(head)}"
        yield _named("a.jpg", name, jpeg[:2] + flood + jpeg[2:], {CLEAN})
    for chunk in (b"tEXt", b"eXIf", b"iTXt", b"prVt"):
        body = b"Comment\0" + filler * 190
        flooded = png[:33] + png_chunk(chunk, body) + png[33:]
        yield _named("a.png", f"meta-{chunk.decode()}", flooded, {CLEAN})
    xmp = filler * 190
    inner = webp[12:] + b"XMP " + struct.pack("<I", len(xmp)) + xmp
    flooded = b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner
    yield _named("a.webp", "meta-xmp", flooded, {CLEAN})
    free = struct.pack(">I4s", len(xmp) + 8, b"free") + xmp
    for name in ("photo.avif", "photo.heic"):
        yield _named(name, "meta-free", photos[name] + free, {CLEAN})
    tiny = jpeg_segment(0xFE, b"") * 30_000
    yield _named("a.jpg", "segments", jpeg[:2] + tiny + jpeg[2:], {Reason.TOO_HARD})
    tiny = png_chunk(b"prVt", b"") * 200_000
    yield _named("a.png", "chunks", png[:33] + tiny + png[33:], {Reason.TOO_HARD})


def _twisted_jpegs() -> Iterator[Hostile]:
    jpeg = good_photos()["baseline.jpg"]
    at = _frame_at(bytearray(jpeg))
    frame = jpeg[at : at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")]
    scan = jpeg.index(b"\xff\xda", at)

    def changed(position: int, value: int) -> bytes:
        data = bytearray(jpeg)
        data[position] = value
        return bytes(data)

    refused = {*_BROKEN, Reason.UNSUPPORTED}
    for marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD):
        yield _named("a.jpg", f"sof{marker:x}", changed(at + 1, marker), refused)
    for precision in (0, 1, 12, 16):
        yield _named("a.jpg", f"bits{precision}", changed(at + 4, precision), refused)
    for count in (0, 2, 5, 255):
        yield _named("a.jpg", f"components{count}", changed(at + 9, count), refused)
    for sampling in (0x00, 0x10, 0x55, 0xFF):
        yield _named("a.jpg", f"sampling{sampling:x}", changed(at + 11, sampling), refused)
    yield _named("a.jpg", "twoframes", jpeg[:at] + frame + jpeg[at:], refused)
    yield _named("a.jpg", "noscan", jpeg[:scan] + b"\xff\xd9", refused)
    yield _named("a.jpg", "onlyends", b"\xff\xd8\xff\xd9", refused)
    yield _named("a.jpg", "fill", jpeg[:at] + b"\xff" * 10_000 + jpeg[at:], refused)
    yield _named("a.jpg", "zero-length", jpeg[:at] + b"\xff\xfe\0\0" + jpeg[at:], refused)
    restarts = b"".join(bytes((0xFF, 0xD0 + i % 8)) for i in range(100_000))
    yield _named("a.jpg", "restarts", jpeg[:-2] + restarts + b"\xff\xd9", {CLEAN, *refused})
    noise = random.Random(9).randbytes(50_000).replace(b"\xff", b"\xfe")
    yield _named("a.jpg", "noise", jpeg[: scan + 14] + noise + b"\xff\xd9", {CLEAN, *refused})
    for orientation in (0, 2, 3, 4, 5, 6, 7, 8, 9, 255, 65535):
        turned = _saved("JPEG", exif=private_exif(orientation))
        yield _named("a.jpg", f"turn{orientation}", turned, {CLEAN})


def _twisted_exif() -> Iterator[Hostile]:
    jpeg = _saved("JPEG")
    loop = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 1)
    loop += struct.pack(">HHII", 0x8769, 4, 1, 8) + struct.pack(">I", 8)
    many = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 65535) + bytes(60_000)
    huge = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 1)
    huge += struct.pack(">HHII", 0x0112, 3, 0xFFFFFFFF, 0xFFFFFFF0) + bytes(4)
    bodies = {
        "loop": loop,
        "many": many,
        "huge": huge,
        "short": b"MM\0*",
        "nothing": b"",
        "noise": random.Random(4).randbytes(9000),
    }
    for name, tiff in bodies.items():
        twisted = jpeg[:2] + jpeg_segment(0xE1, b"Exif\0\0" + tiff) + jpeg[2:]
        yield _named("a.jpg", f"exif-{name}", twisted, {CLEAN})
    for name, profile in {"noise": random.Random(6).randbytes(3000), "empty": b""}.items():
        body = b"ICC_PROFILE\0\1\1" + profile
        twisted = jpeg[:2] + jpeg_segment(0xE2, body) + jpeg[2:]
        yield _named("a.jpg", f"icc-{name}", twisted, {CLEAN})


def _twisted_pngs() -> Iterator[Hostile]:
    png, palette = good_photos()["photo.png"], good_photos()["palette.png"]
    header, rest = png[:33], png[33:]
    at = png.index(b"IDAT") - 4
    yield _named("a.png", "crc", png[:29] + b"\0\0\0\0" + rest, _BROKEN)
    yield _named("a.png", "nopixels", header + png_chunk(b"IEND", b""), _BROKEN)
    yield _named("a.png", "twoheaders", header + header[8:] + rest, {CLEAN, *_BROKEN})
    yield _named("a.png", "nopalette", palette.replace(b"PLTE", b"prTE"), {CLEAN, *_BROKEN})
    garbage = png[:at] + png_chunk(b"IDAT", b"\x78\x9c" + bytes(999)) + png_chunk(b"IEND", b"")
    yield _named("a.png", "garbage", garbage, _BROKEN)
    negative = png[:at] + b"\xff\xff\xff\xff" + png[at + 4 :]
    yield _named("a.png", "length", negative, _BROKEN)
    for bits, colour in ((3, 2), (16, 3), (0, 0), (8, 1), (8, 5), (255, 255)):
        lying = png_chunk(b"IHDR", png[16:24] + bytes((bits, colour, 0, 0, 0)))
        yield _named("a.png", f"ihdr{bits}-{colour}", png[:8] + lying + rest, _BROKEN)
    for mode in ("1", "L", "LA", "I;16", "RGBA"):
        image = picture().convert("L" if mode == "I;16" else mode)
        out = io.BytesIO()
        (image.convert("I;16") if mode == "I;16" else image).save(out, "PNG")
        yield _named("a.png", f"mode-{mode.replace(';', '')}", out.getvalue(), {CLEAN})


def _twisted_gifs() -> Iterator[Hostile]:
    gif = good_photos()["photo.gif"]
    frame = gif.index(b"\x2c", 13 + 3 * 2 ** ((gif[10] & 7) + 1))

    def framed(width: int, height: int, left: int = 0) -> bytes:
        data = bytearray(gif)
        data[frame + 1 : frame + 9] = struct.pack("<HHHH", left, 0, width, height)
        return bytes(data)

    grown = {*_TOO_BIG, *_BROKEN}
    yield _named("a.gif", "frame65535", framed(65_535, 65_535), grown)
    yield _named("a.gif", "frame0", framed(0, 0), {CLEAN, *_BROKEN})
    yield _named("a.gif", "frame-off", framed(192, 128, 60_000), {CLEAN, *grown})
    frames = [picture((64, 48), seed) for seed in range(60)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    yield _named("a.gif", "frames", out.getvalue(), {CLEAN})
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    yield _named("a.webp", "frames", out.getvalue(), {CLEAN})
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:20])
    yield _named("a.png", "frames", out.getvalue(), {CLEAN})


def _twisted_boxes() -> Iterator[Hostile]:
    for name in ("photo.avif", "photo.heic"):
        data = good_photos()[name]
        for box in (b"ftyp", b"meta", b"iloc", b"iprp", b"ipco", b"ispe", b"mdat", b"pitm"):
            at = data.index(box) - 4
            for size in (0, 1, 4, 7, 0x7FFFFFFF, 0xFFFFFFFF):
                twisted = data[:at] + struct.pack(">I", size) + data[at + 4 :]
                outcomes = {CLEAN, *_ANY_REFUSAL} if size == 0 else {*_ANY_REFUSAL}
                yield _named(name, f"{box.decode()}-{size:x}", twisted, outcomes)
        at = data.index(b"iloc") + 4
        # Extents of no width, as many as can be claimed: they cost the file nothing.
        claimed = b"\0\0\0\0" + b"\0\0" + struct.pack(">H", 60_000)
        zeros = claimed + (b"\0\1\0\0" + b"\xff\xff") * 200
        twisted = data[:at] + zeros + data[at + len(zeros) :]
        yield _named(name, "iloc-zeros", twisted, {*_ANY_REFUSAL})


_HEAVY_FAMILIES: tuple[Callable[[], Iterator[Hostile]], ...] = (_bombs,)
_LIGHT_FAMILIES: tuple[Callable[[], Iterator[Hostile]], ...] = (
    _truncated,
    _flipped,
    _polyglots,
    _wrong_names,
    _strangers,
    _claims,
    _scan_floods,
    _metadata_floods,
    _twisted_jpegs,
    _twisted_exif,
    _twisted_pngs,
    _twisted_gifs,
    _twisted_boxes,
)


def _named(base: str, twist: str, data: bytes, outcomes: set[str] | frozenset[str]) -> Hostile:
    stem, _, suffix = base.rpartition(".")
    return Hostile(f"{stem}-{twist}.{suffix}", data, frozenset(outcomes))


def _saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    image = picture().convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(out, kind, **options)
    return out.getvalue()


def _png_text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET_TEXT)
    text.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET_TEXT}</x>")
    return text


def _frame_at(jpeg: bytearray) -> int:
    """Return the position of the SOF marker, past any thumbnail inside a segment."""
    at = 2
    while not 0xC0 <= jpeg[at + 1] <= 0xC2:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return at


def _flat_png(width: int, height: int) -> bytes:
    squeezer = zlib.compressobj(9)
    row = bytes(width * 3 + 1)
    # A real bomb up to 150 MB unpacked; beyond that the claim alone must be enough.
    rows = min(height, 150_000_000 // len(row))
    squeezed = b"".join(squeezer.compress(row) for _ in range(rows)) + squeezer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", squeezed), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
