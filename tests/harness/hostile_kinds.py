"""More hostile pictures, of kinds that hostile_images.py does not make: `for file in kinds(): …`.

Where there is one right outcome the file names it alone; where decoders may forgive or refuse, it
names the refusals that a person would understand.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import ImageCms

from desa_web.engines.images import Reason
from tests.harness.hostile_images import (
    CLEAN,
    HTML,
    PHP,
    SECRET_TEXT,
    SVG,
    Hostile,
    good_photos,
    jpeg_segment,
    picture,
    png_chunk,
    private_exif,
)

_OK = frozenset({CLEAN})
_BROKEN = frozenset({Reason.TRUNCATED, Reason.DAMAGED})
_EITHER = _OK | _BROKEN
_TOO_BIG = frozenset({Reason.TOO_MANY_PIXELS, Reason.BOMB, Reason.TOO_NARROW})
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def kinds() -> Iterator[Hostile]:
    """Yield every file; the same bytes on every run with the same Pillow."""
    for family in _FAMILIES:
        yield from family()


def _strangers() -> Iterator[Hostile]:
    for name, data in _OTHER_PICTURES.items():
        yield Hostile(f"foto-{name}.jpg", data + bytes(600), frozenset({Reason.UNSUPPORTED}))
    for name, data in _VIDEOS.items():
        yield Hostile(f"video-{name}.jpg", data + bytes(600), frozenset({Reason.VIDEO}))
    for name, data in _NO_PICTURES.items():
        yield Hostile(f"berkas-{name}.jpg", data + b"\n" * 600, frozenset({Reason.NOT_A_PHOTO}))
    comment = b"<!-- " + b"x" * 2000 + b" -->"
    for name, text in {
        "bom": b"\xef\xbb\xbf" + SVG,
        "komentar": comment + SVG,
        "utf16": SVG.decode().encode("utf-16"),
        "utf16be": SVG.decode().encode("utf-16-be"),
        "besar": SVG.replace(b"<svg", b"<SVG"),
        "entitas": b'<!DOCTYPE svg [<!ENTITY a "' + b"a" * 999 + b'">]>' + SVG,
    }.items():
        yield Hostile(f"vektor-{name}.png", text, frozenset({Reason.UNSUPPORTED}))


def _starts() -> Iterator[Hostile]:
    """A magic and hardly anything behind it."""
    refused = _BROKEN | {Reason.NOT_A_PHOTO, Reason.UNSUPPORTED}
    for name, data in good_photos().items():
        for size in (2, 3, 4, 7, 8, 11, 12, 16, 20, 25, 29, 33, 40):
            stem, _dot, suffix = name.rpartition(".")
            yield Hostile(f"awal-{stem}-{size}.{suffix}", data[:size], refused)


def _cut_boxes() -> Iterator[Hostile]:
    """HEIC and AVIF that lost their end, with the outer box mended so that only iloc tells."""
    for name in ("photo.heic", "photo.avif"):
        data = good_photos()[name]
        at = data.index(b"mdat") - 4
        for missing in (1, 2, 5, 17, 60, 150):
            cut = data[:-missing]
            mended = cut[:at] + struct.pack(">I", len(cut) - at) + cut[at + 4 :]
            yield _named(name, f"mdat-{missing}", mended, _BROKEN)
        yield _named(name, "mdat-nol", data[: at + 8] + bytes(len(data) - at - 8), _EITHER)
        noise = random.Random(8).randbytes(len(data) - at - 8)
        yield _named(name, "mdat-acak", data[: at + 8] + noise, _EITHER)
        for box in (b"hdlr", b"pitm", b"iinf", b"iprp", b"ipma", b"infe"):
            if box in data:
                renamed = data.replace(box, b"zzzz")
                yield _named(name, f"tanpa-{box.decode()}", renamed, _EITHER)
        deep = b""
        for _ in range(3000):
            deep = struct.pack(">I4s", len(deep) + 8, b"ipco") + deep
        meta = struct.pack(">I4sI", len(deep) + 12, b"meta", 0) + deep
        nested = data[: data.index(b"meta") - 4] + meta
        yield _named(name, "dalam", nested, _BROKEN | {Reason.TOO_HARD})


def _animated() -> Iterator[Hostile]:
    frames = [picture((64, 48), seed) for seed in range(40)]
    for kind, suffix in (("WEBP", "webp"), ("AVIF", "avif"), ("PNG", "png"), ("GIF", "gif")):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        yield Hostile(f"gerak.{suffix}", out.getvalue(), _OK)
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    moving = out.getvalue()
    for edge in (5000, 9000, 16_383, 16_384):
        grown = bytearray(moving)
        grown[24:30] = (edge - 1).to_bytes(3, "little") * 2
        yield Hostile(f"gerak-{edge}.webp", bytes(grown), _TOO_BIG | _BROKEN)
    at = moving.index(b"ANMF")
    for width in (0, 999, 0xFFFFFF):
        lying = bytearray(moving)
        lying[at + 14 : at + 17] = width.to_bytes(3, "little")
        yield Hostile(f"gerak-bingkai-{width}.webp", bytes(lying), _EITHER)
    length = int.from_bytes(moving[at + 4 : at + 8], "little") + 8
    flood = moving[at : at + length] * 10_000
    body = moving[12:at] + flood
    flooded = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    yield Hostile("gerak-10000.webp", flooded, _EITHER | {Reason.TOO_HARD})
    png = _png(16, 16)
    for count in (0, 1, 0xFFFFFFFF):
        control = png_chunk(b"acTL", struct.pack(">II", count, 0))
        yield Hostile(f"apng-{count}.png", png[:33] + control + png[33:], _EITHER)


def _gifs() -> Iterator[Hostile]:
    gif = good_photos()["photo.gif"]
    head = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    frame = gif.index(b"\x2c", head)
    for width, height in ((0, 0), (0, 100), (100, 0), (1, 1)):
        data = bytearray(gif)
        data[frame + 5 : frame + 9] = struct.pack("<HH", width, height)
        yield Hostile(f"bingkai-{width}x{height}.gif", bytes(data), _EITHER)
        # A first frame that shows nothing, before the real one.
        empty = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0) + b"\2\1\x44\0"
        yield Hostile(f"dahulu-{width}x{height}.gif", gif[:head] + empty + gif[head:], _EITHER)
    bits_at = frame + 10
    for bits in (0, 1, 9, 12, 13, 255):
        joined = gif[:bits_at] + bytes((bits,)) + gif[bits_at + 1 :]
        yield Hostile(f"lzw-{bits}.gif", joined, _EITHER)
    note = b"\x21\xfe" + (b"\xff" + b"R" * 255) * 30_000 + b"\0"
    yield Hostile("komentar-8mb.gif", gif[:head] + note + gif[head:], _EITHER)
    control = b"\x21\xf9\4\0\0\0\0\0"
    flood = gif[:head] + control * 100_000 + gif[head:]
    yield Hostile("kendali-100000.gif", flood, _EITHER | {Reason.TOO_HARD})
    yield Hostile("tanpa-bingkai.gif", gif[:head] + b"\x3b", _BROKEN)
    yield Hostile("tanpa-palet.gif", gif[:10] + b"\0" + gif[11:13] + gif[head:], _EITHER)
    endless = gif[: frame + 11] + b"\xff" * 200_000
    yield Hostile("lzw-tak-usai.gif", endless, _EITHER)


def _png_chunks() -> Iterator[Hostile]:
    png = _png(64, 48)
    big = b"\0".join([b"Comment", SECRET_TEXT.encode() * 450_000])
    squeezed = zlib.compress(bytes(60 << 20), 9)
    bodies = {
        b"tEXt": (b"Comment\0" + PHP, big, b"", b"\0", bytes(200)),
        b"zTXt": (b"C\0\0" + squeezed, b"C\0\0noise", b"C\0\xff", b""),
        b"iTXt": (b"C\0\1\0\0\0" + squeezed, b"C\0\1\0id\0x\0" + HTML, b"C\0", b""),
        b"iCCP": (b"i\0\0" + squeezed, b"i\0\0garbage", b"i", b"", b"i\0\7" + bytes(99)),
        b"eXIf": (b"", b"II", private_exif()[6:], b"MM\0*\xff\xff\xff\xff", bytes(9000)),
        b"sPLT": (b"", b"p\0\x08" + bytes(60_000), b"p\0\x63x"),
        b"hIST": (b"", bytes(3), bytes(512)),
        b"tRNS": (b"", bytes(1), bytes(6), bytes(257)),
        b"bKGD": (b"", bytes(1), bytes(99)),
        b"gAMA": (b"", bytes(4), b"\xff" * 4, bytes(5)),
        b"cHRM": (b"", bytes(32), b"\xff" * 32),
        b"pHYs": (b"", bytes(9), b"\xff" * 9),
        b"sBIT": (b"", b"\0\0\0", b"\xff" * 4),
        b"cICP": (b"", b"\xff" * 4),
        b"PLTE": (b"", bytes(3), bytes(4), bytes(768), bytes(771)),
        b"CgBI": (b"\x50\0\x20\2",),
        b"fdAT": (b"", bytes(99)),
    }
    for name, contents in bodies.items():
        for number, body in enumerate(contents):
            made = png[:33] + png_chunk(name, body) + png[33:]
            yield Hostile(f"{name.decode()}-{number}.png", made, _EITHER)
    apple = _PNG_MAGIC + png_chunk(b"CgBI", b"\x50\0\x20\2") + png[8:]
    yield Hostile("apple-dulu.png", apple, _BROKEN)


def _png_pixels() -> Iterator[Hostile]:
    for bits, colour in (
        (1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (1, 3), (2, 3), (4, 3), (8, 3),
        (8, 4), (16, 4), (8, 6), (16, 6),
    ):  # fmt: skip
        for laced in (0, 1):
            yield Hostile(f"b{bits}c{colour}i{laced}.png", _png(37, 29, bits, colour, laced), _OK)
    for name, trns in {"abu": b"\0\x80", "warna": b"\0\1\0\2\0\3"}.items():
        colour = 0 if name == "abu" else 2
        for bits in (8, 16):
            made = _png(33, 21, bits, colour)
            at = made.index(b"IDAT") - 4
            keyed = made[:at] + png_chunk(b"tRNS", trns) + made[at:]
            yield Hostile(f"kunci-{name}-{bits}.png", keyed, _OK)
    palette = _png(33, 21, 8, 3)
    at = palette.index(b"IDAT") - 4
    for count in (1, 16, 256):
        clear = palette[:at] + png_chunk(b"tRNS", bytes(range(count))) + palette[at:]
        yield Hostile(f"palet-bening-{count}.png", clear, _OK)
    short = png_chunk(b"PLTE", b"\1\2\3")
    few = _PNG_MAGIC + _ihdr(33, 21, 8, 3) + short + palette[at:]
    yield Hostile("palet-satu.png", few, _EITHER)
    for filter_type in (1, 2, 3, 4):
        yield Hostile(f"saring-{filter_type}.png", _png(40, 30, first=filter_type), _OK)
    for filter_type in (5, 9, 255):
        yield Hostile(f"saring-{filter_type}.png", _png(40, 30, first=filter_type), _BROKEN)
    rows = zlib.compress(random.Random(5).randbytes(40 * 3 + 1) * 30)
    lacking = zlib.compress(bytes(40 * 3 + 1) * 7)
    pixels = {
        # Pillow leaves the missing rows black and says nothing.
        "kurang": (lacking, _EITHER),
        "lebih": (zlib.compress(bytes(40 * 3 + 1) * 30_000), _EITHER),
        "potong": (rows[: len(rows) // 2], _BROKEN),
        "kosong": (b"", _BROKEN),
        "jendela": (b"\x98" + rows[1:], _BROKEN),
        "kamus": (b"\x78\xbb" + rows[2:], _BROKEN),
        "adler": (rows[:-1] + bytes((rows[-1] ^ 1,)), _EITHER),
        "gzip": (b"\x1f\x8b" + rows, _BROKEN),
    }
    for name, (data, outcomes) in pixels.items():
        made = _PNG_MAGIC + _ihdr(40, 30) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
        yield Hostile(f"piksel-{name}.png", made, outcomes)
    parts = b"".join(png_chunk(b"IDAT", rows[i : i + 1]) for i in range(len(rows)))
    split = _PNG_MAGIC + _ihdr(40, 30) + parts + png_chunk(b"IEND", b"")
    yield Hostile("piksel-sebyte.png", split, _EITHER)
    for method in ((1, 0, 0), (0, 1, 0), (0, 0, 2), (0, 0, 255)):
        made = _png(40, 30)
        header = png_chunk(b"IHDR", made[16:26] + bytes(method))
        yield Hostile(f"cara-{method}.png", made[:8] + header + made[33:], _EITHER)


def _png_bombs() -> Iterator[Hostile]:
    """Deflate at its best, in sizes just below every limit, also with ballast in front."""
    for edge, bits, colour in (
        (2820, 8, 2), (2820, 16, 6), (4000, 8, 6), (6900, 8, 0), (7000, 8, 3), (7000, 8, 2),
        (7000, 16, 6),
    ):  # fmt: skip
        flat = _png(edge, edge, bits, colour, is_flat=True)
        outcomes = frozenset({Reason.BOMB}) if edge * edge * bits > 200_000_000 else _OK | _TOO_BIG
        yield Hostile(f"rata-{edge}-{bits}-{colour}.png", flat, outcomes)
        ballast = png_chunk(b"prVt", bytes(3 << 20))
        yield Hostile(
            f"beban-{edge}-{bits}-{colour}.png", flat[:33] + ballast + flat[33:], outcomes
        )


def _jpeg_tables() -> Iterator[Hostile]:
    for source in ("baseline.jpg", "progressive.jpg"):
        jpeg = good_photos()[source]
        segments = list(_segments(jpeg))
        for marker in (0xDB, 0xC4, 0xDA, 0xC0, 0xC2, 0xE0):
            found = [one for one in segments if one[0] == marker]
            if not found:
                continue
            _marker, start, end = found[0]
            outcomes = _OK if marker == 0xE0 else _EITHER
            yield _named(source, f"tanpa-{marker:x}", jpeg[:start] + jpeg[end:], outcomes)
            doubled = jpeg[:end] + jpeg[start:end] + jpeg[end:]
            yield _named(source, f"ganda-{marker:x}", doubled, _EITHER)
            blank = jpeg[: start + 4] + bytes(end - start - 4) + jpeg[end:]
            outcomes = _EITHER | {Reason.UNSUPPORTED}
            yield _named(source, f"nol-{marker:x}", blank, outcomes)
        at = next(start for marker, start, _end in segments if marker == 0xDA)
        for interval in (1, 7, 0xFFFF):
            restart = jpeg_segment(0xDD, struct.pack(">H", interval))
            yield _named(source, f"ulang-{interval}", jpeg[:at] + restart + jpeg[at:], _EITHER)
        lines = jpeg_segment(0xDC, struct.pack(">H", 128))
        yield _named(source, "dnl", jpeg[:-2] + lines + jpeg[-2:], _EITHER)
        frame = next(start for marker, start, _end in segments if marker in (0xC0, 0xC2))
        no_height = jpeg[: frame + 5] + b"\0\0" + jpeg[frame + 7 :]
        yield _named(source, "tinggi-nol", no_height, _BROKEN)
        for marker in (0xF7, 0xC8, 0xCC, 0xDE, 0xDF, 0x02, 0xBF, 0xF0):
            odd = jpeg[:at] + jpeg_segment(marker, b"\0" * 6) + jpeg[at:]
            yield _named(source, f"penanda-{marker:x}", odd, _EITHER | {Reason.UNSUPPORTED})


def _jpeg_scans() -> Iterator[Hostile]:
    """Two hundred scans, each of them lawful: the last refinement again and again."""
    for edge in (192, 1600):
        out = io.BytesIO()
        picture((edge, edge * 2 // 3)).save(out, "JPEG", quality=70, progressive=True)
        data = out.getvalue()
        last = data.rindex(b"\xff\xda")
        for count in (60, 150, 200, 900):
            flooded = data[:last] + data[last:-2] * count + b"\xff\xd9"
            outcomes = frozenset({Reason.TOO_HARD}) if count > 100 else _EITHER | {Reason.TOO_HARD}
            yield Hostile(f"scan{edge}-{count}.jpg", flooded, outcomes)


def _jpeg_colours() -> Iterator[Hostile]:
    cmyk = io.BytesIO()
    picture().convert("CMYK").save(cmyk, "JPEG")
    three = good_photos()["baseline.jpg"]
    for name, data in {"cmyk": cmyk.getvalue(), "ycc": three}.items():
        bare = b"".join(
            data[start:end] for marker, start, end in _segments(data) if marker not in (0xE0, 0xEE)
        )
        scan = next(end for marker, _start, end in _segments(data) if marker == 0xDA)
        for transform in (0, 1, 2, 3, 255):
            adobe = jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes((transform,)))
            made = b"\xff\xd8" + adobe + bare + data[scan:]
            yield Hostile(f"adobe-{name}-{transform}.jpg", made, _OK)
        for body in (b"", b"Adobe", b"Adobe\0"):
            adobe = jpeg_segment(0xEE, body)
            made = b"\xff\xd8" + adobe + bare + data[scan:]
            yield Hostile(f"adobe-{name}-pendek{len(body)}.jpg", made, _OK)
    for ids in (b"RGB", b"\0\1\2", b"\1\1\1", b"\xff\xfe\xfd"):
        frame = next(start for marker, start, _end in _segments(three) if marker == 0xC0)
        scan = next(start for marker, start, _end in _segments(three) if marker == 0xDA)
        made = bytearray(three)
        for number, letter in enumerate(ids):
            made[frame + 10 + 3 * number] = letter
            made[scan + 5 + 2 * number] = letter
        yield Hostile(f"warna-{ids.hex()}.jpg", bytes(made), _EITHER)


def _profiles() -> Iterator[Hostile]:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    dice = random.Random(12)
    profiles: dict[str, bytes] = {
        "kepala": srgb[:128],
        "potong": srgb[: len(srgb) // 2],
        "lab": lab,
        "abu": srgb[:16] + b"GRAY" + srgb[20:],
        "cmyk": srgb[:16] + b"CMYK" + srgb[20:],
        "tautan": srgb[:12] + b"link" + srgb[16:],
        "abstrak": srgb[:12] + b"abst" + srgb[16:],
        "ukuran": b"\xff\xff\xff\xff" + srgb[4:],
        "banyak": srgb[:128] + b"\xff\xff\xff\xff" + srgb[132:],
        "versi": srgb[:8] + b"\xff\xff" + srgb[10:],
        "acak": bytes(b if i < 128 else dice.randrange(256) for i, b in enumerate(srgb)),
        "panjang": srgb + bytes(3 << 20),
    }
    for turn in range(12):
        flipped = bytearray(srgb)
        for _ in range(6):
            flipped[dice.randrange(128, len(flipped))] ^= 1 << dice.randrange(8)
        profiles[f"balik{turn}"] = bytes(flipped)
    for name, profile in profiles.items():
        for mode in ("RGB", "L", "CMYK"):
            out = io.BytesIO()
            picture().convert(mode).save(out, "JPEG", icc_profile=profile)
            yield Hostile(f"icc-{name}-{mode.lower()}.jpg", out.getvalue(), _OK)
    jpeg = good_photos()["baseline.jpg"]
    for number, count in ((0, 0), (1, 255), (255, 1), (2, 1)):
        part = jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + srgb[:200])
        yield Hostile(f"icc-{number}-dari-{count}.jpg", jpeg[:2] + part * 3 + jpeg[2:], _OK)


def _exif_traps() -> Iterator[Hostile]:
    jpeg = _jpeg()
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        head = mark + struct.pack(f"{order}I", 8)

        def ifd(*entries: tuple[int, int, int, int], after: int = 0, order: str = order) -> bytes:
            body = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
            return struct.pack(f"{order}H", len(entries)) + body + struct.pack(f"{order}I", after)

        traps = {
            "diri": head + ifd((0x0112, 3, 1, 1), after=8),
            "anak": head + ifd((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8)),
            "jauh": mark + struct.pack(f"{order}I", 0xFFFFFFF0),
            "mundur": mark + struct.pack(f"{order}I", 0),
            "jenis": head + ifd((0x0112, 99, 1, 6), (0x0132, 13, 20, 8)),
            "besar": head + ifd((0x9003, 2, 0xFFFFFFFF, 8), (0x0132, 2, 0x7FFFFFFF, 8)),
            "pecahan": head + ifd((0x0112, 5, 1, 8), (0x0132, 10, 1, 8)),
            "rantai": head
            + b"".join(ifd((0x010E, 2, 4, 0), after=8 + 18 * (i + 1)) for i in range(3000)),
            "ganda": head + ifd(*[(0x0112, 3, 1, 6)] * 3000),
            "kecil": head + ifd((0x0201, 4, 1, 8), (0x0202, 4, 1, 0xFFFFFF)),
        }
        for name, tiff in traps.items():
            made = jpeg[:2] + jpeg_segment(0xE1, b"Exif\0\0" + tiff) + jpeg[2:]
            yield Hostile(f"exif-{name}-{mark[:2].decode().lower()}.jpg", made, _OK)
            inside = _png(24, 16)
            boxed = inside[:33] + png_chunk(b"eXIf", tiff) + inside[33:]
            yield Hostile(f"exif-{name}-{mark[:2].decode().lower()}.png", boxed, _OK)
    for count in (1, 50):
        exif = jpeg_segment(0xE1, private_exif())
        yield Hostile(f"exif-{count}-kali.jpg", jpeg[:2] + exif * count + jpeg[2:], _OK)


def _phones() -> Iterator[Hostile]:
    """What phones really write behind and beside a picture: all of it is a photo."""
    jpeg = good_photos()["baseline.jpg"]
    other = _jpeg(seed=9)
    video = struct.pack(">I4s", 24, b"ftyp") + b"mp42\0\0\0\0isommp42" + bytes(5000)
    index = jpeg_segment(0xE2, b"MPF\0MM\0*" + bytes(80))
    yield Hostile("mpo.jpg", jpeg[:2] + index + jpeg[2:] + other, _OK)
    yield Hostile("mpo-php.jpg", jpeg[:2] + index + jpeg[2:] + PHP + other, _OK)
    yield Hostile("gerak-google.jpg", jpeg + video, _OK)
    yield Hostile("gerak-samsung.jpg", jpeg + video + b"SEFH" + bytes(40) + b"SEFT", _OK)
    yield Hostile("gerak-putus.jpg", jpeg + video[:700], _OK)
    yield Hostile("ekor-nol.jpg", jpeg + bytes(5 << 20), _OK)
    yield Hostile("isi-ff.jpg", jpeg[:2] + b"\xff" * 100 + jpeg[2:], _OK)
    thumb = jpeg_segment(0xE1, b"Exif\0\0MM\0*" + struct.pack(">I", 8) + bytes(6) + other[:60_000])
    yield Hostile("kecil-dalam.jpg", jpeg[:2] + thumb + jpeg[2:], _OK)
    xmp = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><a/>" + b"<b>" * 9000)
    yield Hostile("xmp-rusak.jpg", jpeg[:2] + xmp + jpeg[2:], _OK)
    bomb = b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "' + b"&a;" * 9000 + b'">]><a>&b;&b;</a>'
    xmp = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bomb)
    yield Hostile("xmp-entitas.jpg", jpeg[:2] + xmp + jpeg[2:], _OK)
    iim = jpeg_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\xff\xff\xff\xff\x1c\2")
    yield Hostile("iim-rusak.jpg", jpeg[:2] + iim + jpeg[2:], _OK)
    yield Hostile("depan-kotor.jpg", b"\r\n" + jpeg, frozenset({Reason.NOT_A_PHOTO}))
    yield Hostile("tanpa-akhir.jpg", jpeg[:-2], _BROKEN)
    yield Hostile("dua-awal.jpg", b"\xff\xd8" + jpeg, _BROKEN)


_OTHER_PICTURES: dict[str, bytes] = {
    "bigtiff": b"II+\0\x08\0\0\0",
    "bigtiff-mm": b"MM\0+\0\x08\0\0",
    "dng": b"II*\0\x08\0\0\0",
    "orf": b"IIRO\x08\0\0\0",
    "orf-lama": b"IIRS\x08\0\0\0",
    "rw2": b"IIU\0\x18\0\0\0",
    "raf": b"FUJIFILMCCD-RAW 0201",
    "x3f": b"FOVb\0\0\2\0",
    "cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "jxr": b"II\xbc\x01\x08\0\0\0",
    "jxl": b"\xff\x0a\xfa\x1f",
    "jxl-kotak": b"\0\0\0\x0cJXL \r\n\x87\n",
    "j2k": b"\xff\x4f\xff\x51\0\x2f",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "bmp-os2": b"BM\x36\0\0\0\0\0\0\0\x1a\0\0\0",
    "ico": b"\0\0\1\0\1\0",
    "cur": b"\0\0\2\0\1\0",
    "icns": b"icns\0\0\0\x20",
    "psb": b"8BPS\0\2",
    "xcf": b"gimp xcf file",
    "dds": b"DDS \x7c\0\0\0",
    "exr": b"v/1\x01\2\0\0\0",
    "hdr": b"#?RADIANCE\n",
    "qoi": b"qoif\0\0\0\1\0\0\0\1\3\0",
    "djvu": b"AT&TFORM\0\0\0\1DJVU",
    "fits": b"SIMPLE  =                    T",
    "ppm": b"P6\n4 4\n255\n",
    "pgm": b"P5\n4 4\n255\n",
    "pbm": b"P4\n4 4\n",
    "xpm": b"/* XPM */\nstatic char",
    "mng": b"\x8aMNG\r\n\x1a\n",
    "wmf": b"\xd7\xcd\xc6\x9a\0\0",
    "pcx": b"\x0a\x05\x01\x08",
    "bpg": b"BPG\xfb\0\0",
    "flif": b"FLIF44",
    "jbig2": b"\x97JB2\r\n\x1a\n",
    "svg": SVG,
}
_VIDEOS: dict[str, bytes] = {
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "mp4-dash": b"\0\0\0\x18ftypdash\0\0\0\0iso6mp41",
    "m4v": b"\0\0\0\x14ftypM4V \0\0\0\0M4V ",
    "3gp": b"\0\0\0\x14ftyp3gp6\0\0\0\0isom",
    "3g2": b"\0\0\0\x14ftyp3g2a\0\0\0\x003g2a",
    "f4v": b"\0\0\0\x14ftypf4v \0\0\0\0isom",
    "psp": b"\0\0\0\x14ftypMSNV\0\0\0\0MSNV",
    "mov-lama": b"\0\0\0\x08wide\0\1\0\0mdat",
    "mov-moov": b"\0\0\2\0moov\0\0\0\x6cmvhd",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81",
    "avi": b"RIFF\x64\0\0\0AVI LIST",
    "flv": b"FLV\1\5\0\0\0\x09",
    "mpeg-ps": b"\0\0\1\xba\x44\0\4",
    "mpeg-es": b"\0\0\1\xb3\x14\0\xf0",
    "mpeg-ts": (b"\x47\x40\0\x10" + bytes(184)) * 3,
    "wmv": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
}
_NO_PICTURES: dict[str, bytes] = {
    "pdf": b"%PDF-1.4\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "eps-dos": b"\xc5\xd0\xd3\xc6\x1e\0\0\0",
    "docx": b"PK\3\4\x14\0\6\0\x08\0word/",
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "rtf": b"{\\rtf1\\ansi",
    "rar": b"Rar!\x1a\7\1\0",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "gz": b"\x1f\x8b\x08\0",
    "xz": b"\xfd7zXZ\0",
    "tar": b"foto.jpg" + bytes(249) + b"ustar\00000",
    "elf": b"\x7fELF\2\1\1",
    "exe": b"MZ\x90\0\3\0\0\0",
    "class": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "wasm": b"\0asm\1\0\0\0",
    "sh": b"#!/bin/sh\nrm -rf /\n",
    "php": PHP,
    "phar": b"<?php __HALT_COMPILER(); ?>",
    "html": HTML,
    "htaccess": b"AddType application/x-httpd-php .jpg\n",
    "mp3": b"ID3\4\0\0\0\0\0\x23",
    "ogg": b"OggS\0\2",
    "opus": b"OggS\0\2" + bytes(20) + b"OpusHead",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "flac": b"fLaC\0\0\0\x22",
    "m4a": b"\0\0\0\x18ftypM4A \0\0\2\0isomiso2",
    "amr": b"#!AMR\n",
    "apple": b"\0\5\x16\7\0\2\0\0Mac OS X",
    "ds-store": b"\0\0\0\1Bud1",
    "sqlite": b"SQLite format 3\0",
    "vcf": b"BEGIN:VCARD\nVERSION:3.0\n",
    "eml": b"Received: from desa\nSubject: foto\n",
    "csv": b"nama;alamat\nNur;Sukamaju\n",
    "json": b'{"foto": "jpg"}',
    "teks-bm": b"BMKG: hujan lebat di Kecamatan Dander malam ini",
    "teks-ii": b"III. Rencana kerja pemerintah desa",
    "teks-gif": b"GIF8 itu apa?",
    "teks-jpg": b"JFIF bukan awal berkas",
    "riff": b"RIFF\x24\0\0\0zzzz",
    "riff-pendek": b"RIFF",
    "url": b"[InternetShortcut]\r\nURL=http://contoh.desa.id/foto.jpg",
    "base64": b"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ",
    "font": b"wOF2\0\1\0\0",
    "pickle": b"\x80\4\x95\x10\0\0\0",
}


def _png(
    width: int, height: int, bits: int = 8, colour: int = 2, laced: int = 0, *,
    first: int = 0, is_flat: bool = False,
) -> bytes:  # fmt: skip
    """Return a PNG of any lawful kind; `first` is the filter of every row."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    dice = random.Random(bits * 10 + colour)
    squeezer, parts = zlib.compressobj(9), []
    for columns, rows in _passes(width, height) if laced else [(width, height)]:
        row_bytes = (columns * bits * channels + 7) // 8
        for _ in range(rows if columns else 0):
            row = bytes(row_bytes) if is_flat else dice.randbytes(row_bytes)
            parts.append(squeezer.compress(bytes((first,)) + row))
    parts.append(squeezer.flush())
    palette = png_chunk(b"PLTE", random.Random(1).randbytes(3 << min(bits, 8)))
    return b"".join(
        (
            _PNG_MAGIC,
            _ihdr(width, height, bits, colour, laced),
            palette if colour == 3 else b"",
            png_chunk(b"IDAT", b"".join(parts)),
            png_chunk(b"IEND", b""),
        )
    )


def _passes(width: int, height: int) -> list[tuple[int, int]]:
    """Adam7: columns and rows of the seven passes."""
    starts = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    return [
        (len(range(x, width, across)), len(range(y, height, down)))
        for x, y, across, down in (*starts, (0, 1, 1, 2))
    ]


def _ihdr(width: int, height: int, bits: int = 8, colour: int = 2, laced: int = 0) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, laced))


def _jpeg(seed: int = 5) -> bytes:
    out = io.BytesIO()
    picture(seed=seed).save(out, "JPEG", quality=80)
    return out.getvalue()


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) up to the first scan."""
    at = 2
    while True:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], at, end
        if jpeg[at + 1] == 0xDA:
            return
        at = end


def _named(base: str, twist: str, data: bytes, outcomes: frozenset[str]) -> Hostile:
    stem, _, suffix = base.rpartition(".")
    return Hostile(f"{stem}-{twist}.{suffix}", data, outcomes)


_FAMILIES: tuple[Callable[[], Iterator[Hostile]], ...] = (
    _strangers,
    _starts,
    _cut_boxes,
    _animated,
    _gifs,
    _png_chunks,
    _png_pixels,
    _png_bombs,
    _jpeg_tables,
    _jpeg_scans,
    _jpeg_colours,
    _profiles,
    _exif_traps,
    _phones,
)
