"""Uploads in parts, as files: what arrived is on the disk before it is acknowledged.

    data/uploads/<id>.json    who sends what; the outcome when it is complete
    data/uploads/<id>.part    the bytes so far: its length is the offset

Not journaled and no rows: an unfinished upload is nobody's truth. A part is written, fsynced and
only then answered; after a kill the sender asks for the offset and goes on. A complete upload
becomes a photo (or a document) before it is acknowledged, and asking for its offset finishes one
whose last answer was lost. Speaks no HTTP: tus.py does.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import new as new_hash
from pathlib import Path
from typing import IO, Any

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS
from desa_web.core.disk import write_atomic
from desa_web.core.errors import (
    Busy,
    Conflict,
    DesaError,
    Gone,
    InvalidInput,
    NotFound,
    ReadOnly,
    TooLarge,
    TooMany,
    storage_error,
)
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.media import documents, service, space
from desa_web.features.media.photo import LIMITS, clean_name, one_line

LIFETIME_MS = 7 * DAY_MS
MAX_OPEN = 60
ALGORITHMS = ("sha1", "sha256", "md5")
_BLOCK = 1 << 16


class WrongOffset(Conflict):
    """The part does not begin where the last one ended; ask for the offset."""

    code = "unggahan-bergeser"


class WrongChecksum(DesaError):
    """The part changed on its way; nothing of it was kept. Status 460: tus 1.0, checksum."""

    code = "unggahan-berubah"
    status = 460


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload. photo_id or document_id is set when it is done, `error` when it was refused."""

    id: str
    owner: str
    size_bytes: int
    name: str
    created_at_ms: int
    expires_at_ms: int
    words: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    is_document: bool = False
    photo_id: str = ""
    document_id: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    offset_bytes: int = 0

    @property
    def is_complete(self) -> bool:
        return self.offset_bytes == self.size_bytes

    @property
    def is_settled(self) -> bool:
        return bool(self.photo_id or self.document_id or self.error)


def create(actor: Actor, size_bytes: int, metadata: dict[str, str]) -> Upload:
    """Make room for an upload of this size. Raises TooLarge, TooMany, DiskFull, InvalidInput.

    metadata: filename, filetype, sha256, caption, credit, alt.
    """
    actor.require(Permission.WRITE)
    site = actor.site
    if db.is_read_only(site.database):
        raise ReadOnly(_("Server hanya bisa dibaca sekarang, jadi foto belum bisa diterima."))
    limit_mb = site.config.number("max_upload_mb")
    if size_bytes > limit_mb << 20:
        raise TooLarge(
            _("Berkas lebih dari {n} MB. Kecilkan dulu, lalu kirim ulang.").format(n=limit_mb)
        )
    if size_bytes < 1:
        raise InvalidInput(_("Berkas foto kosong. Pilih fotonya sekali lagi lalu kirim ulang."))
    _sweep(site)
    if sum(1 for one in _all(site) if one.owner == actor.label and not one.is_settled) >= MAX_OPEN:
        raise TooMany(
            _("Masih banyak kiriman Anda yang belum selesai. Tunggu sebentar, lalu teruskan."),
            retry_after_s=30,
        )
    # The bytes lie here until the master is made, so both must fit.
    space.require_room(site, size_bytes + (1 << 20))
    now_ms = site.clock.now_ms()
    name = clean_name(metadata.get("filename", ""))
    words = {n: one_line(metadata.get(n, ""))[: LIMITS[n]] for n in ("caption", "credit", "alt")}
    upload = Upload(
        id=secrets.token_urlsafe(18),
        owner=actor.label,
        size_bytes=size_bytes,
        name=name,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + LIFETIME_MS,
        words=words,
        sha256=metadata.get("sha256", "").lower()[:64],
        is_document=metadata.get("filetype") == "application/pdf" or name.lower().endswith(".pdf"),
    )
    folder = _folder(site)
    with _sentences():
        folder.mkdir(parents=True, exist_ok=True)
        _part(site, upload.id).touch(mode=0o600)
        _write(site, upload)
    return upload


def find(actor: Actor, upload_id: str) -> Upload:
    """Return the actor's own upload with its offset. Raises NotFound, Gone when it expired."""
    upload = _read(actor.site, upload_id)
    if upload is None or upload.owner != actor.label:
        raise NotFound(_("Kiriman ini tidak ada. Mulai lagi dari awal."))
    if upload.expires_at_ms < actor.site.clock.now_ms() and not upload.is_settled:
        raise Gone(_("Kiriman ini sudah terlalu lama tertunda. Mulai lagi dari awal."))
    return upload


def append(
    actor: Actor, upload_id: str, offset_bytes: int, part: IO[bytes], checksum: str = ""
) -> Upload:
    """Add a part that begins at `offset_bytes`; it is on the disk when this returns.

    checksum: "sha256 <hex>". Raises WrongOffset, WrongChecksum, TooLarge, DiskFull, Busy.
    """
    upload = find(actor, upload_id)
    if upload.is_settled:
        raise WrongOffset(_("Kiriman ini sudah selesai."))
    with _held(actor.site, upload_id) as file:
        have = file.seek(0, os.SEEK_END)
        if offset_bytes != have:
            raise WrongOffset(_("Bagian ini tidak menyambung. Tanyakan dulu sampai mana."))
        # Again for each part: many uploads together may be more than the room there was.
        space.require_free(actor.site, upload.size_bytes - have)
        try:
            _write_part(file, part, upload.size_bytes - have, checksum)
        except BaseException:
            # What is not acknowledged is not kept, so that the next try begins at a known place.
            with suppress(OSError):
                file.truncate(have)
            raise
    return find(actor, upload_id)


def finish(actor: Actor, upload_id: str) -> Upload:
    """Make a photo or document of a complete upload; again it returns the same one.

    A refused photo is an outcome (`error`), not an exception; Busy and DiskFull are raised, for
    they pass.
    """
    upload = find(actor, upload_id)
    if upload.is_settled or not upload.is_complete:
        return upload
    with _held(actor.site, upload_id):
        upload = find(actor, upload_id)
        if upload.is_settled:
            return upload
        upload = _settled(actor, upload)
        with _sentences():
            _write(actor.site, upload)
            _part(actor.site, upload_id).unlink(missing_ok=True)
    return upload


def terminate(actor: Actor, upload_id: str) -> None:
    """Throw an upload away; a photo that was made of it stays."""
    find(actor, upload_id)
    _remove(actor.site, upload_id)


def sweep(site: Site, *, is_dry_run: bool = False) -> list[str]:
    """Remove uploads that expired; return their ids. Nothing while the clock is doubtful."""
    if journal.clock_doubt(site) is not None:
        return []
    now_ms = site.clock.now_ms()
    old = [one.id for one in _all(site) if one.expires_at_ms < now_ms]
    if not is_dry_run:
        for upload_id in old:
            _remove(site, upload_id)
    return old


def _settled(actor: Actor, upload: Upload) -> Upload:
    part = _part(actor.site, upload.id)
    try:
        if upload.is_document:
            made = documents.add(actor, part, name=upload.name, sha256=upload.sha256)
            return replace(upload, document_id=made.id)
        # Its bytes are safe: it comes back for its turn instead of holding a server thread.
        photo = service.add(
            actor, part, name=upload.name, sha256=upload.sha256, patience_s=0, **upload.words
        )
        return replace(upload, photo_id=photo.id)
    except DesaError as error:
        if error.status >= 500 and error.code != "data-rusak":
            raise
        problem = {"code": error.code, "message": error.message, **error.details}
        return replace(upload, error=problem)


def _write_part(file: IO[bytes], part: IO[bytes], room_bytes: int, checksum: str) -> None:
    name, _space, wanted = checksum.partition(" ")
    if checksum and name not in ALGORITHMS:
        raise InvalidInput(_("Cara memeriksa {name} tidak dikenal.").format(name=name))
    digest = new_hash(name or "sha256", usedforsecurity=False)
    with _sentences():
        while block := part.read(_BLOCK):
            room_bytes -= len(block)
            if room_bytes < 0:
                raise TooLarge(_("Kiriman lebih panjang daripada yang diumumkan."))
            digest.update(block)
            file.write(block)
        if checksum and digest.hexdigest() != wanted.lower():
            raise WrongChecksum(_("Bagian ini berubah di perjalanan. Kirim bagian itu lagi."))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _held(site: Site, upload_id: str) -> Iterator[IO[bytes]]:
    """Open the part file for one writer at a time. Raises Busy when another one has it."""
    try:
        file = _part(site, upload_id).open("r+b")
    except FileNotFoundError as error:
        raise NotFound(_("Kiriman ini tidak ada. Mulai lagi dari awal.")) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy(_("Kiriman ini sedang diolah. Coba lagi sebentar lagi.")) from error
        yield file


def _all(site: Site) -> list[Upload]:
    found = (_read(site, path.stem) for path in _folder(site).glob("*.json"))
    return [upload for upload in found if upload is not None]


def _sweep(site: Site) -> None:
    with suppress(OSError):
        sweep(site)


def _read(site: Site, upload_id: str) -> Upload | None:
    if not upload_id.replace("-", "").replace("_", "").isalnum() or not upload_id.isascii():
        return None
    try:
        values = json.loads((_folder(site) / f"{upload_id}.json").read_bytes())
        upload = Upload(**values)
    except (OSError, ValueError, TypeError):
        return None
    if upload.is_settled:
        return replace(upload, offset_bytes=upload.size_bytes)
    try:
        return replace(upload, offset_bytes=_part(site, upload_id).stat().st_size)
    except OSError:
        return None


def _write(site: Site, upload: Upload) -> None:
    text = json.dumps(asdict(upload), ensure_ascii=False)
    write_atomic(_folder(site) / f"{upload.id}.json", text.encode(), mode=0o600)


def _remove(site: Site, upload_id: str) -> None:
    with suppress(OSError):
        (_folder(site) / f"{upload_id}.json").unlink(missing_ok=True)
        _part(site, upload_id).unlink(missing_ok=True)


def _folder(site: Site) -> Path:
    return site.data / "uploads"


def _part(site: Site, upload_id: str) -> Path:
    return _folder(site) / f"{upload_id}.part"


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) or error from error
