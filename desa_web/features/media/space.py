"""Room for photos and documents: the quota of the village and the reserve of the disk."""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import db
from desa_web.core.disk import free_bytes
from desa_web.core.errors import DiskFull
from desa_web.core.i18n import _
from desa_web.core.site import Site

_MIB = 1 << 20
WARN_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Space:
    """What photos and documents take; quota_bytes is 0 without a quota."""

    used_bytes: int
    quota_bytes: int
    free_bytes: int
    reserve_bytes: int

    @property
    def is_low(self) -> bool:
        near_quota = self.quota_bytes > 0 and self.used_bytes >= WARN_SHARE * self.quota_bytes
        return near_quota or self.free_bytes < 2 * self.reserve_bytes

    @property
    def percent(self) -> int:
        """How much of the quota is used, 0 without one."""
        return round(100 * self.used_bytes / self.quota_bytes) if self.quota_bytes else 0


def space(site: Site) -> Space:
    """Return the room that is used and left (one query)."""
    sql = (
        "SELECT (SELECT coalesce(sum(size_bytes), 0) FROM photo) + "
        "(SELECT coalesce(sum(size_bytes), 0) FROM document)"
    )
    return Space(
        used_bytes=int(db.execute(site.database, sql).fetchone()[0]),
        quota_bytes=site.config.number("media_quota_mb") * _MIB,
        free_bytes=free_bytes(site.media),
        reserve_bytes=site.config.number("free_space_reserve_mb") * _MIB,
    )


def require_room(site: Site, size_bytes: int) -> None:
    """Raise DiskFull when a file of this size does not fit any more."""
    now = space(site)
    if now.quota_bytes and now.used_bytes + size_bytes > now.quota_bytes:
        raise DiskFull(
            _(
                "Jatah ruang foto desa ini sudah penuh ({n} MB). Foto lama aman. Buang foto yang "
                "tidak terpakai di halaman Foto, atau minta Admin menambah jatah."
            ).format(n=now.quota_bytes // _MIB)
        )
    require_free(site, size_bytes)


def require_free(site: Site, size_bytes: int) -> None:
    """Raise DiskFull when a file of this size would eat into the reserve of the disk."""
    reserve_bytes = site.config.number("free_space_reserve_mb") * _MIB
    if free_bytes(site.media) - size_bytes < reserve_bytes:
        raise DiskFull(
            _(
                "Ruang server hampir habis, jadi foto baru belum bisa diterima. Berita tetap bisa "
                "ditulis dan dibaca. Kosongkan ruang (lihat Bantuan: Ruang server penuh)."
            )
        )
