"""Photos that a village sends piece by piece: only what is wanted, only the right bytes.

    media/kiriman/.parts/<id>      the bytes so far: its length is the offset

A piece is on the disk before it is acknowledged. The whole file gets its name when its hash is the
one the signed line names; anything else is thrown away. Speaks no HTTP.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import new as new_hash
from pathlib import Path
from typing import IO

from desa_web.core import db
from desa_web.core.clock import DAY_MS
from desa_web.core.disk import digest_of, free_bytes, sync_folder
from desa_web.core.errors import (
    Busy,
    DiskFull,
    Gone,
    NotFound,
    TooLarge,
    storage_error,
)
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import photos
from desa_web.features.hub.source import Source
from desa_web.features.media.uploads import ALGORITHMS, WrongChecksum, WrongOffset
from desa_web.features.sync.bundles import RECEIVED, received_path

MAX_BYTES = 64 << 20
MAX_PIECE_BYTES = 1 << 20
_KEPT_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo on its way; `is_done`: it lies in its place, and nothing more is to be sent."""

    id: str
    source_id: str
    sha256: str
    size_bytes: int
    offset_bytes: int

    @property
    def is_done(self) -> bool:
        return self.offset_bytes == self.size_bytes


def create(site: Site, source: Source, sha256: str, size_bytes: int) -> Upload:
    """Begin, or find again, the upload of a photo that is wanted of this source.

    Raises Gone when it is not wanted (any more), TooLarge, DiskFull.
    """
    wanted = {one.ref: one for one in photos.wanted(source.id, 1000)}
    if sha256 not in wanted:
        raise Gone(_("Foto ini sudah ada di Kominfo atau tidak diminta, jadi tidak perlu dikirim."))
    place = received_path(site, sha256)
    if place.exists():
        # It came another way, or the power went between its name and the row.
        photos.arrived(source.id, sha256, sha256, place.stat().st_size)
        raise Gone(_("Foto ini sudah ada di Kominfo, jadi tidak perlu dikirim."))
    if not 0 < size_bytes <= MAX_BYTES:
        raise TooLarge(_("Foto lebih dari {n} MB tidak diterima.").format(n=MAX_BYTES >> 20))
    _forget_old(site)
    reserve = site.config.number("free_space_reserve_mb") << 20
    if free_bytes(site.media) < reserve + size_bytes:
        raise DiskFull(_("Ruang di server Kominfo hampir habis. Foto dikirim lagi nanti."))
    with db.write(site.database):
        sql = "SELECT id, size_bytes FROM hub_upload WHERE source_id = ? AND sha256 = ?"
        row = db.execute(site.database, sql, source.id, sha256).fetchone()
        if row is not None and row[1] != size_bytes:
            _remove(site, row[0])
            row = None
        upload_id = row[0] if row else secrets.token_urlsafe(18)
        if row is None:
            sql = (
                "INSERT INTO hub_upload (id, source_id, sha256, size_bytes, created_at) "
                "VALUES (?, ?, ?, ?, ?)"
            )
            now_ms = site.clock.now_ms()
            db.execute(site.database, sql, upload_id, source.id, sha256, size_bytes, now_ms)
    return find(site, source, upload_id)


def find(site: Site, source: Source, upload_id: str) -> Upload:
    """Return an upload of this source with its offset. Raises NotFound."""
    sql = "SELECT sha256, size_bytes FROM hub_upload WHERE id = ? AND source_id = ?"
    row = db.execute(site.database, sql, upload_id, source.id).fetchone()
    if row is None:
        raise NotFound(_("Kiriman foto ini tidak ada lagi. Mulai lagi dari awal."))
    part = _part(site, upload_id)
    offset = part.stat().st_size if part.exists() else 0
    return Upload(upload_id, source.id, row[0], row[1], min(offset, row[1]))


def append(
    site: Site, source: Source, upload_id: str, offset_bytes: int, piece: bytes, checksum: str = ""
) -> Upload:
    """Add a piece; the one that completes the photo puts it in its place.

    checksum: "sha256 <hex>". Raises WrongOffset, WrongChecksum (also when the whole is not what
    its hash says; then it begins anew), TooLarge, Busy, DiskFull.
    """
    upload = find(site, source, upload_id)
    _check(piece, checksum)
    with _held(site, upload_id) as file:
        have = file.seek(0, os.SEEK_END)
        if offset_bytes != have:
            raise WrongOffset(_("Bagian ini tidak menyambung. Tanyakan dulu sampai mana."))
        if have + len(piece) > upload.size_bytes:
            raise TooLarge(_("Kiriman lebih panjang dari yang diumumkan."))
        try:
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                file.truncate(have)
            raise storage_error(error) or error from error
        if have + len(piece) == upload.size_bytes:
            _settle(site, upload)
            return Upload(upload.id, source.id, upload.sha256, upload.size_bytes, upload.size_bytes)
    return find(site, source, upload_id)


def finish(site: Site, source: Source, upload_id: str) -> Upload:
    """Return how far an upload is; a whole one whose last answer was lost is settled here."""
    upload = find(site, source, upload_id)
    if upload.is_done:
        with _held(site, upload_id):
            _settle(site, upload)
    return upload


def _settle(site: Site, upload: Upload) -> None:
    """Give the whole file its name, if it is what the line says."""
    part = _part(site, upload.id)
    if digest_of(part) != upload.sha256:
        with db.write(site.database):
            _remove(site, upload.id)
        photos.failed(upload.source_id, upload.sha256, _("Foto berubah di perjalanan."))
        raise WrongChecksum(_("Foto berubah di perjalanan, jadi dikirim ulang dari awal."))
    target = received_path(site, upload.sha256)
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(target.parent.parent)
    part.replace(target)
    sync_folder(target.parent)
    photos.arrived(upload.source_id, upload.sha256, upload.sha256, upload.size_bytes)
    with db.write(site.database):
        db.execute(site.database, "DELETE FROM hub_upload WHERE id = ?", upload.id)


def _check(piece: bytes, checksum: str) -> None:
    if len(piece) > MAX_PIECE_BYTES:
        raise TooLarge(_("Bagian kiriman terlalu besar; kirim paling banyak 1 MB sekaligus."))
    name, _space, digest = checksum.partition(" ")
    if not checksum:
        return
    if name not in ALGORITHMS:
        raise WrongChecksum(_("Cara menghitung {name} tidak dikenal.").format(name=name))
    found = new_hash(name, piece, usedforsecurity=False).hexdigest()
    if not hmac.compare_digest(found, digest):
        raise WrongChecksum(_("Bagian ini berubah di perjalanan. Kirim sekali lagi."))


def _forget_old(site: Site) -> None:
    """Throw away what nobody went on with for a week."""
    oldest = site.clock.now_ms() - _KEPT_MS
    sql = "SELECT id FROM hub_upload WHERE created_at < ?"
    old = [row[0] for row in db.execute(site.database, sql, oldest).fetchall()]
    if old:
        with db.write(site.database):
            for upload_id in old:
                _remove(site, upload_id)


def _remove(site: Site, upload_id: str) -> None:
    db.execute(site.database, "DELETE FROM hub_upload WHERE id = ?", upload_id)
    _part(site, upload_id).unlink(missing_ok=True)


@contextmanager
def _held(site: Site, upload_id: str) -> Iterator[IO[bytes]]:
    """Open the bytes so far for this writer alone. Raises Busy."""
    part = _part(site, upload_id)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy(_("Bagian sebelumnya masih ditulis. Coba lagi sebentar.")) from error
            yield file
    except OSError as error:
        raise storage_error(error) or error from error


def _part(site: Site, upload_id: str) -> Path:
    return site.media / RECEIVED / ".parts" / upload_id
