"""Health of sync: is the log written, and could its key be brought back after a fire?"""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core.checks import Finding, Level
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.sync import service


def log_is_written(site: Site) -> Iterator[Finding]:
    """Say why nothing is signed, or that the printed code is missing."""
    status = service.status(site)
    if status.pause is not None:
        yield Finding("sinkron", Level.WARNING, status.pause)
    elif status.site and not status.has_recovery_code:
        sentence = _(
            "Kode pemulihan kunci belum dicetak. Jalankan: desa sync code, lalu simpan kertasnya."
        )
        yield Finding("sinkron", Level.WARNING, sentence)
    else:
        yield Finding("sinkron", Level.GOOD, _("Catatan kirim ke Kominfo tertulis."))


CHECKS = (log_is_written,)
