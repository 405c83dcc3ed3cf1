"""What can go wrong while writing the index; searching has no errors."""

from __future__ import annotations

from desa_web.core.errors import DesaError
from desa_web.core.i18n import _


class IndexDamaged(DesaError):
    """Changes cannot be applied before a rebuild; `reason` is for the log."""

    code = "indeks-rusak"
    status = 503
    exit_code = 75

    def __init__(self, reason: str) -> None:
        super().__init__(
            _("Indeks pencarian rusak atau belum ada; jalankan `desa search rebuild`."),
            reason=reason,
        )
        self.reason = reason


class RebuildFailed(DesaError):
    """The child process ended early; the old index still answers."""

    code = "indeks-gagal-dibuat"
    status = 503
    exit_code = 75

    def __init__(self, reason: str) -> None:
        super().__init__(
            _("Indeks pencarian gagal dibuat ulang; periksa ruang disk, lalu coba lagi."),
            reason=reason,
        )
        self.reason = reason
