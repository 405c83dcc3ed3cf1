"""What kind of file this is, by its first bytes: one of ours, or a stranger with its sentence.

The name and the announced type of a file are never asked. A stranger that is a picture is told
to come as JPEG, a video to come as a screenshot; all else is not a photo.
"""

from __future__ import annotations

from desa_web.engines.images.facts import Kind, PhotoRefused, Reason

# How much of a file must be shown.
HEAD_BYTES = 4096

_OURS = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
)
_BRANDS_AVIF = {b"avif", b"avis"}
_BRANDS_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_BRANDS_SOUND = {b"M4A ", b"M4B ", b"M4P "}
# Canon's raw photos, JPEG 2000, JPEG XL and VVC pictures.
_BRANDS_PICTURE = {b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"jxl ", b"vvic", b"j2ki", b"evbi"}
_BRANDS_VIDEO = (b"mp4", b"iso", b"avc", b"M4V", b"qt  ", b"3g", b"f4v", b"MSNV", b"dash", b"mmp4")
_PICTURES = (
    b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"IIU\0", b"II\xbc\x01",
    b"\0\0\1\0", b"\0\0\2\0", b"8BPS", b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51", b"\xff\x0a",
    b"\0\0\0\x0cJXL ", b"FUJIFILMCCD", b"FOVb", b"gimp xcf", b"icns", b"DDS ", b"v/1\x01",
    b"#?RADIANCE", b"qoif", b"AT&TFORM", b"SIMPLE  =", b"/* XPM */", b"\x8aMNG", b"\x8bJNG",
    b"\xd7\xcd\xc6\x9a", b"\x0a\x05\x01", b"P1\n", b"P2\n", b"P3\n", b"P4\n", b"P5\n", b"P6\n",
    b"FLIF", b"BPG\xfb", b"\x97JB2",
)  # fmt: skip
_VIDEOS = (
    b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\0\0\1\xba", b"\0\0\1\xb3", b"\x30\x26\xb2\x75", b".RMF",
)  # fmt: skip
# QuickTime files of old phones begin with any of these boxes.
_VIDEO_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def kind_of(head: bytes) -> Kind:
    """Return the kind of a file from its first `HEAD_BYTES`. Raises PhotoRefused for strangers."""
    for magic, kind in _OURS:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    raise PhotoRefused(_stranger(head))


def _kind_of_brands(head: bytes) -> Kind:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[i : i + 4] for i in range(16, length - 3, 4))}
    if brands & _BRANDS_AVIF:
        return Kind.AVIF
    if brands & _BRANDS_HEIC:
        return Kind.HEIC
    if major in _BRANDS_SOUND:
        raise PhotoRefused(Reason.NOT_A_PHOTO)
    if brands & _BRANDS_PICTURE:
        raise PhotoRefused(Reason.UNSUPPORTED)
    is_video = any(brand.startswith(_BRANDS_VIDEO) for brand in brands)
    raise PhotoRefused(Reason.VIDEO if is_video else Reason.UNSUPPORTED)


def _stranger(head: bytes) -> Reason:
    # Before the magics: the length of a box may look like one.
    if head[4:8] in _VIDEO_BOXES:
        return Reason.VIDEO
    # Two letters are not enough: texts begin with them, too.
    is_bitmap = head.startswith(b"BM") and head[6:10] == b"\0\0\0\0"
    if head.startswith(_PICTURES) or is_bitmap or _is_vector(head):
        return Reason.UNSUPPORTED
    is_stream = head[:1] == b"\x47" and head[188:189] == b"\x47"
    if head.startswith(_VIDEOS) or head[8:12] == b"AVI " or is_stream:
        return Reason.VIDEO
    return Reason.NOT_A_PHOTO


def _is_vector(head: bytes) -> bool:
    # UTF-16 holds a zero beside each letter.
    return b"<svg" in head.replace(b"\0", b"").lower()
