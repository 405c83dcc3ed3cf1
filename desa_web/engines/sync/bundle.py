"""Bundles: the log and its photos in files for a stick, a zip in BagIt's layout (RFC 8493).

    desa-<site>/bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt
    desa-<site>/BACA-SAYA.html
    desa-<site>/data/changes.ndjson       all lines, in the first part only
    desa-<site>/data/media/<sha256>       the masters that the lines name
    desa-<site>/data/receipts/<village>.ndjson    a hub's words to a village, signed pages

A part never gets larger than a FAT32 stick can hold. What comes in is treated as hostile: only
these names, no links, no entry that unpacks to more than it says or to more than it may.
"""

from __future__ import annotations

import json
import re
import secrets
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import IO

from desa_web.core.disk import sync_file, sync_folder
from desa_web.core.errors import Damaged, NotFound
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.engines.sync.chain import Chain
from desa_web.engines.sync.errors import BrokenBundle
from desa_web.engines.sync.line import MAX_LINE_BYTES

SUFFIX = ".desa"
# FAT32 holds 4 GiB - 1; the rest is for the list at the end.
PART_BYTES = 3_900 << 20
_LIMITS = {"changes": 1 << 30, "media": 64 << 20, "tag": 32 << 20, "receipts": 64 << 20}
_MAX_ENTRIES = 200_000
# Text of people packs to a tenth; a bomb packs to a thousandth.
_MAX_RATIO = 200
_TAGS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "BACA-SAYA.html")
_NAME = re.compile(
    r"desa-([a-z2-7]{26})/(?:(bagit\.txt|bag-info\.txt|manifest-sha256\.txt"
    r"|tagmanifest-sha256\.txt|BACA-SAYA\.html)|data/changes\.ndjson|data/media/([0-9a-f]{64})"
    r"|data/receipts/([a-z2-7]{26})\.ndjson)"
)
_ENCRYPTED = 1
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the zip module lets out when the bytes are not what they claim to be.
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OverflowError,
)  # fmt: skip
_WHEN = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20
FindMedia = Callable[[str], Path | None]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a checked part holds; `missing` are photos that its lines name and that are not here.

    receipts: the villages for which it carries a hub's words.
    """

    file: Path
    site: str
    lines: int
    media: tuple[str, ...]
    missing: tuple[str, ...]
    receipts: tuple[str, ...] = ()


def create(
    site: Site, folder: Path, find_media: FindMedia, *, name: str, at: datetime, readme: str,
    part_bytes: int = PART_BYTES,
) -> list[Path]:  # fmt: skip
    """Write the whole log and its photos into `folder`; return the files, the first one first.

    Raises NotFound before the first line. A file appears when it is whole and on the disk.
    """
    last = log.head(site)
    if last is None:
        raise NotFound(_("Situs ini belum menulis catatan sinkron. Jalankan: desa follow --once."))
    changes = _changes(site)
    wanted = _named_media(changes.split(b"\n"))
    files = [(digest, path) for digest in wanted if (path := find_media(digest)) is not None]
    made: list[Path] = []
    parts = list(_in_parts(files, part_bytes - len(changes), part_bytes))
    for number, part in enumerate(parts, 1):
        target = folder / f"{name}-{number}{SUFFIX}" if len(parts) > 1 else folder / (name + SUFFIX)
        info = {
            "Source-Organization": name,
            "External-Identifier": last.site,
            "Bagging-Date": at.date().isoformat(),
            "Bag-Count": f"{number} of {len(parts)}",
        }
        _write(target, f"desa-{last.site}", changes if number == 1 else b"", part, info, readme)
        made.append(target)
    return made


def create_receipts(
    site: Site, folder: Path, letters: Mapping[str, bytes], *, name: str, at: datetime, readme: str
) -> Path:
    """Write a hub's pages of receipts by village into one file, without its log.

    Raises NotFound before the log has begun.
    """
    last = log.head(site)
    if last is None:
        raise NotFound(_("Situs ini belum menulis catatan sinkron. Jalankan: desa follow --once."))
    target = folder / (name + SUFFIX)
    info = {
        "Source-Organization": name,
        "External-Identifier": last.site,
        "Bagging-Date": at.date().isoformat(),
        "Bag-Count": "1 of 1",
    }
    _write(target, f"desa-{last.site}", b"", [], info, readme, letters)
    return target


def check(file: Path) -> Bundle:
    """Return what a bundle holds after checking every byte and every signature.

    Raises NotFound, BrokenBundle for a broken or unsafe file, Tampered for wrong signatures.
    """
    with _opened(file) as (archive, site):
        hashes = _manifest(archive, site)
        for name, digest in hashes.items():
            for _block in _blocks(archive, f"desa-{site}/{name}", digest):
                pass
        chain = Chain(site)
        with closing(_raw(archive, f"desa-{site}/data/changes.ndjson")) as blocks:
            chain.take(_lines(blocks))
        chain.end()
    media = tuple(sorted(n.rpartition("/")[2] for n in hashes if n.startswith("data/media/")))
    missing = tuple(sorted(chain.media - set(media)))
    said = [n.removeprefix("data/receipts/")[:26] for n in hashes if n.startswith("data/receipts/")]
    return Bundle(file, site, chain.lines, media, missing, tuple(sorted(said)))


def changes(bundle: Bundle, size_bytes: int = 512 << 10) -> Generator[bytes, None, None]:
    """Yield the lines of a checked bundle in pieces of whole lines."""
    piece = b""
    with (
        _opened(bundle.file) as (archive, site),
        closing(_raw(archive, f"desa-{site}/data/changes.ndjson")) as blocks,
    ):
        for line in _lines(blocks):
            piece += line + b"\n"
            if len(piece) >= size_bytes:
                yield piece
                piece = b""
    if piece:
        yield piece


@contextmanager
def media(bundle: Bundle, digest: str) -> Iterator[Iterator[bytes]]:
    """Give the blocks of one photo of a checked bundle."""
    with _opened(bundle.file) as (archive, site):
        yield _blocks(archive, f"desa-{site}/data/media/{digest}", digest)


def receipts(bundle: Bundle, village: str) -> list[bytes]:
    """Return the pages of receipts that a checked bundle carries for a village."""
    name = f"desa-{bundle.site}/data/receipts/{village}.ndjson"
    with _opened(bundle.file) as (archive, _site), closing(_raw(archive, name)) as blocks:
        pages, page = [], b""
        for line in _lines(blocks):
            page += line + b"\n"
            # Only the last line of a page is signed.
            if b"\t" in line:
                pages.append(page)
                page = b""
    return pages


def _changes(site: Site) -> bytes:
    body = log.page(site, max_lines=1 << 40, max_bytes=1 << 40).body
    # The manifest says that it is whole; a trailer would end the first page only.
    return body[: body.rstrip(b"\n").rfind(b"\n") + 1]


def _named_media(lines: Iterable[bytes]) -> list[str]:
    """Return the hashes of all photos in order, each once."""
    named: dict[str, None] = {}
    for raw in lines:
        fields = json.loads(raw.split(b"\t")[0] or b"{}")
        named.update(dict.fromkeys(entry["sha256"] for entry in fields.get("media", ())))
    return list(named)


def _in_parts(
    files: Iterable[tuple[str, Path]], first_bytes: int, part_bytes: int
) -> Iterator[list[tuple[str, Path]]]:
    """Yield lists of files that fit; the first list is there even when it is empty."""
    part: list[tuple[str, Path]] = []
    left = first_bytes
    for digest, path in files:
        # The name stands in the list at the end, too.
        size = path.stat().st_size + 400
        if size > left and (part or left == first_bytes):
            yield part
            part, left = [], part_bytes
        part.append((digest, path))
        left -= size
    yield part


def _write(
    target: Path, root: str, lines: bytes, files: list[tuple[str, Path]], info: dict[str, str],
    readme: str, letters: Mapping[str, bytes] = MappingProxyType({}),
) -> None:  # fmt: skip
    temp = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with zipfile.ZipFile(temp, "w", zipfile.ZIP_DEFLATED) as archive:
            hashes = {"data/changes.ndjson": sha256(lines).hexdigest()}
            _add(archive, f"{root}/data/changes.ndjson", lines)
            size = len(lines)
            for digest, path in files:
                _add_file(archive, f"{root}/data/media/{digest}", path, digest)
                hashes[f"data/media/{digest}"] = digest
                size += path.stat().st_size
            for village, pages in letters.items():
                part = f"data/receipts/{village}.ndjson"
                _add(archive, f"{root}/{part}", pages)
                hashes[part] = sha256(pages).hexdigest()
                size += len(pages)
            oxum = {"Payload-Oxum": f"{size}.{len(hashes)}"}
            tags = {
                "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
                "bag-info.txt": "".join(f"{k}: {v}\n" for k, v in {**info, **oxum}.items()),
                "manifest-sha256.txt": "".join(f"{h}  {n}\n" for n, h in hashes.items()),
                "BACA-SAYA.html": readme,
            }
            for name, text in tags.items():
                _add(archive, f"{root}/{name}", text.encode())
            sums = {name: sha256(text.encode()).hexdigest() for name, text in tags.items()}
            _add(archive, f"{root}/tagmanifest-sha256.txt",
                 "".join(f"{h}  {n}\n" for n, h in sums.items()).encode())  # fmt: skip
        sync_file(temp)
        temp.replace(target)
        sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temp.unlink()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_entry(name), data, compress_type=zipfile.ZIP_DEFLATED)


def _add_file(archive: zipfile.ZipFile, name: str, path: Path, digest: str) -> None:
    """Add a photo as it is; one that is not what its name says would spoil the whole bundle."""
    found = sha256()
    entry = _entry(name)
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as sink:
        while block := source.read(_BLOCK):
            found.update(block)
            sink.write(block)
    if found.hexdigest() != digest:
        raise Damaged(
            _("Foto {name} di server rusak. Periksa dengan: desa doctor.").format(name=digest[:12])
        )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


@contextmanager
def _opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Open a bundle whose list of entries is safe; give it and the site it names."""
    if not file.is_file():
        raise NotFound(_("Berkas {file} tidak ada.").format(file=file))
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive, _safe(file, archive)
    except _ZIP_ERRORS as error:
        # What the zip module says is English and names entries, which helps nobody here.
        raise _broken(_("berubah atau terpotong di jalan")) from error


def _safe(file: Path, archive: zipfile.ZipFile) -> str:
    """Return the site. Raises BrokenBundle for anything that a bundle of ours never has."""
    entries = archive.infolist()
    sites: set[str] = set()
    if len(entries) > _MAX_ENTRIES or len({e.filename for e in entries}) != len(entries):
        raise _broken(_("daftar isinya tidak wajar"))
    if sum(e.compress_size for e in entries) > file.stat().st_size:
        raise _broken(_("isinya saling menindih"))
    for entry in entries:
        match = _NAME.fullmatch(entry.filename)
        kind_of_file = stat.S_IFMT(entry.external_attr >> 16)
        is_plain = kind_of_file in (0, stat.S_IFREG) and not entry.flag_bits & _ENCRYPTED
        if match is None or not is_plain or entry.compress_type not in _PACKINGS:
            raise _broken(_("ada isi yang tidak dikenal"))
        kind = "tag" if match[2] else "media" if match[3] else "receipts" if match[4] else "changes"
        too_dense = entry.file_size > _MAX_RATIO * max(entry.compress_size, 512)
        if entry.file_size > _LIMITS[kind] or too_dense:
            raise _broken(_("ada isi yang terlalu besar"))
        sites.add(match[1])
    if len(sites) != 1:
        raise _broken(_("isinya bukan dari satu desa"))
    return sites.pop()


def _manifest(archive: zipfile.ZipFile, site: str) -> dict[str, str]:
    """Return the payload's names and hashes after checking the tag files and the list."""
    root = f"desa-{site}/"
    sums = _sums(b"".join(_raw(archive, f"{root}tagmanifest-sha256.txt")))
    if set(sums) != set(_TAGS):
        raise _broken(_("daftar isinya tidak cocok"))
    tags = {name: b"".join(_blocks(archive, root + name, digest)) for name, digest in sums.items()}
    if not tags["bagit.txt"].startswith(b"BagIt-Version: 1.0\n"):
        raise _broken(_("bukan berkas kiriman desa"))
    hashes = _sums(tags["manifest-sha256.txt"])
    there = {e.filename.removeprefix(root) for e in archive.infolist()}
    if set(hashes) | set(_TAGS) | {"tagmanifest-sha256.txt"} != there:
        raise _broken(_("daftar isinya tidak cocok"))
    if any(n.startswith("data/media/") and n[11:] != h for n, h in hashes.items()):
        raise _broken(_("nama foto tidak cocok dengan isinya"))
    return hashes


def _sums(text: bytes) -> dict[str, str]:
    found = {}
    for line in text.decode("utf-8", "replace").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  ([A-Za-z0-9./-]{1,100})", line)
        if match is None or match[2] in found:
            raise _broken(_("daftar isinya rusak"))
        found[match[2]] = match[1]
    return found


def _blocks(archive: zipfile.ZipFile, name: str, digest: str) -> Iterator[bytes]:
    """Yield the blocks of an entry; raises BrokenBundle at the end if they are others."""
    found = sha256()
    for block in _raw(archive, name):
        found.update(block)
        yield block
    if found.hexdigest() != digest:
        raise _broken(_("ada isi yang berubah di jalan"))


def _raw(archive: zipfile.ZipFile, name: str) -> Generator[bytes, None, None]:
    """Yield the blocks of an entry, never more than it said it had."""
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise zipfile.BadZipFile(name) from error
    left = entry.file_size
    source: IO[bytes]
    with archive.open(entry) as source:
        while block := source.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(name)
            yield block


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines without their line feeds."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > MAX_LINE_BYTES:
            raise ValueError("a line without end")
    if rest:
        yield rest


def _broken(why: str) -> BrokenBundle:
    sentence = _(
        "Berkas ini bukan kiriman desa (.desa), atau tidak utuh: {why}. "
        "Tidak ada yang diterima. Salin sekali lagi dari stik, atau minta berkas yang baru."
    )
    return BrokenBundle(sentence.format(why=why))
