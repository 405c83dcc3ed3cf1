"""The expected failures of desa-web: one class per kind, each with a stable code.

Every message is an Indonesian sentence for the person, with the next step. The mapping to
HTTP status and exit code lives here and nowhere else; anything that is not a `DesaError` is a bug.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from typing import ClassVar

from desa_web.core.i18n import _


class DesaError(Exception):
    """An expected failure; `str(error)` is the sentence shown to the person."""

    code: ClassVar[str] = "gagal"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(DesaError):
    """Input that cannot be accepted; `fields` maps a form field to its sentence."""

    code = "isian-keliru"
    status = 422

    def __init__(
        self, message: str = "", *, fields: Mapping[str, str] | None = None, **details: object
    ) -> None:
        self.fields: dict[str, str] = dict(fields or {})
        text = message or " ".join(self.fields.values())
        super().__init__(text, **details)


class NotFound(DesaError):
    code = "tidak-ada"
    status = 404


class Gone(DesaError):
    code = "sudah-ditarik"
    status = 410


class NotSignedIn(DesaError):
    code = "belum-masuk"
    status = 401


class Forbidden(DesaError):
    code = "tidak-berwenang"
    status = 403


class Conflict(DesaError):
    """Somebody else was faster; nothing was changed."""

    code = "sudah-berubah"
    status = 409


class StaleVersion(Conflict):
    """The version the caller edited is not the newest one (If-Match failed)."""

    code = "versi-lama"
    status = 412


class TooLarge(DesaError):
    code = "terlalu-besar"
    status = 413


class TooMany(DesaError):
    """Asked too often; `retry_after_s` says when the next try is welcome."""

    code = "terlalu-sering"
    status = 429
    exit_code = 75

    def __init__(self, message: str, *, retry_after_s: int = 60) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class Busy(DesaError):
    code = "sedang-sibuk"
    status = 503
    exit_code = 75


class DiskFull(DesaError):
    code = "ruang-penuh"
    status = 507


class ReadOnly(DesaError):
    code = "hanya-baca"
    status = 503


class Damaged(DesaError):
    """Stored data is not what it was when it was written."""

    code = "data-rusak"
    status = 500


class NewerSchema(DesaError):
    code = "versi-data-baru"
    status = 503


class OlderSchema(DesaError):
    code = "versi-data-lama"
    status = 503


def storage_error(error: BaseException) -> DesaError | None:
    """Return the sentence for a failing disk or a busy database, None for anything else."""
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _disk_full()
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return _read_only()
        if error.errno == errno.EIO:
            return _damaged()
        return None
    text = str(error).lower()
    if not isinstance(error, sqlite3.Error) and not type(error).__module__.startswith(
        ("peewee", "psycopg2")
    ):
        return None
    if "disk is full" in text or "no space left" in text:
        return _disk_full()
    if "readonly database" in text or "read-only" in text:
        return _read_only()
    if any(sign in text for sign in _NO_DATABASE):
        return Busy(
            _(
                "Basis data PostgreSQL tidak bisa dihubungi, jadi belum ada yang disimpan. Tulisan "
                "Anda belum hilang. Periksa apakah basis datanya jalan dan alamatnya "
                "(database_url) benar, lalu coba lagi."
            )
        )
    if "locked" in text:
        return Busy(_("Server sedang sibuk. Tulisan Anda belum hilang; coba lagi sebentar lagi."))
    if "disk i/o error" in text:
        # SQLite says so, too, when a full disk does not let the -shm file grow.
        return _disk_full()
    if "unable to open database" in text:
        return _read_only()
    if "malformed" in text or "not a database" in text:
        return _damaged()
    return None


# How psycopg2 says that nobody answers at the address.
_NO_DATABASE = ("could not connect", "connection refused", "connection to server")


def _disk_full() -> DiskFull:
    return DiskFull(
        _(
            "Ruang server habis. Berita lama aman dan tetap bisa dibaca. "
            "Kosongkan ruang (lihat Bantuan: Ruang server penuh), lalu coba lagi."
        )
    )


def _read_only() -> ReadOnly:
    return ReadOnly(
        _(
            "Server hanya bisa dibaca sekarang, jadi belum ada yang disimpan. "
            "Berita tetap bisa dibaca. Hubungi yang merawat server."
        )
    )


def _damaged() -> Damaged:
    return Damaged(
        _(
            "Penyimpanan server bermasalah, jadi belum ada yang disimpan. "
            "Jalankan `desa doctor`, dan bila perlu pulihkan dari cadangan."
        )
    )
