"""Health of sync: is the log written, and could its key be brought back after a fire?"""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core.checks import Finding, Level
from desa_web.core.clock import DAY_MS, to_ms
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.sync import hubs, service
from desa_web.features.sync.hubs import State

_SILENT_MS = 3 * DAY_MS


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


def hub_hears(site: Site) -> Iterator[Finding]:
    """Say when a paired hub has not answered for days: news waits, and nobody may notice."""
    hub = hubs.current(site)
    if hub is None or hub.state is not State.PAIRED or not hub.address or hub.is_paused:
        return
    last_ms = to_ms(hub.sent_at or hub.paired_at or hub.created_at)
    if hub.error and site.clock.now_ms() - last_ms > _SILENT_MS:
        sentence = _("{name} belum bisa dihubungi sejak {n} hari. {why}")
        days = (site.clock.now_ms() - last_ms) // DAY_MS
        said = sentence.format(name=hub.name, n=days, why=hub.error)
        yield Finding("kominfo", Level.WARNING, said)
    else:
        yield Finding("kominfo", Level.GOOD, _("Tersambung dengan {name}.").format(name=hub.name))


CHECKS = (log_is_written, hub_hears)
