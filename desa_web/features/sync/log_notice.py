"""What our hub says of this site's log itself: that it takes no more of it, and why.

    notice(site)        the notice for the page "Sinkron", None while all goes on

It came as a receipt (engines/sync/receipt.py, LOG), so by the next answer to a push, by a message
of the hub, or on a stick. It ends when the hub says that it goes on, or with the pairing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import db
from desa_web.core.actor import Actor, Permission
from desa_web.core.checks import Finding, Level
from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Problem
from desa_web.engines.sync.receipt import LOG
from desa_web.features.news.desk_view import Alert

_WHY = {
    Problem.FORK: "Ada dua situs yang memakai kunci desa ini, biasanya karena folder situs disalin "
    "ke komputer lain dan dua-duanya dipakai.",
    Problem.RESTARTED: "Catatan situs ini mulai dari awal, atau dipulihkan dua kali dari cadangan.",
}
_STEPS = {
    Problem.FORK: (
        "Cari komputer yang satunya: laptop lama, server lama, atau salinan untuk latihan.",
        "Pada salinan yang bukan untuk warga, buka halaman Sinkron ini dan tekan Jadikan situs "
        "sendiri. Salinan yang tidak dipakai lagi boleh dihapus.",
        "Telepon petugas {hub}. Katakan komputer mana yang dipakai desa; ia membaca catatan desa "
        "dari awal, lalu kabar berjalan lagi.",
    ),
    Problem.RESTARTED: (
        "Pastikan komputer ini yang dipakai desa, dan tidak ada situs desa lain yang menyala.",
        "Telepon petugas {hub}. Katakan kapan situs dipulihkan atau dipasang ulang; ia membaca "
        "catatan desa dari awal, lalu kabar berjalan lagi.",
    ),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A hub takes no more of our log. code: "fork" or "restarted", or one we do not know yet."""

    code: str
    hub: str
    said: str
    at: datetime

    @property
    def title(self) -> str:
        return _("{hub} berhenti mengambil kabar desa ini.").format(hub=self.hub)

    @property
    def why(self) -> str:
        """Return what happened; the hub's own words where it knows more than we do."""
        return _(_WHY[Problem(self.code)]) if self.code in tuple(_WHY) else self.said

    @property
    def steps(self) -> tuple[str, ...]:
        known = _STEPS[Problem(self.code)] if self.code in tuple(_STEPS) else ()
        return tuple(_(step).format(hub=self.hub) for step in known)

    @property
    def may_be_copy(self) -> bool:
        """Could this very computer be the copy that should get a key of its own?"""
        return self.code == Problem.FORK


def notice(site: Site) -> Notice | None:
    """Return the newest notice of the hub that we are paired with (one query)."""
    row = db.execute(site.database, _NEWEST, f"{LOG}%").fetchone()
    if row is None:
        return None
    return Notice(
        str(row[0]).removeprefix(LOG), row[1] or _("Media center"), row[2], as_utc(row[3])
    )


def alerts(actor: Actor) -> Iterator[Alert]:
    """Yield what the desk's home has to say (the adapter "alerts")."""
    found = notice(actor.site) if actor.may(Permission.MANAGE_SITE) else None
    if found is not None:
        words = f"{found.why} {_('Berita di sini aman dan tetap dibaca warga.')}"
        yield Alert(found.title, words, "sync_desk.index", _("Lihat langkahnya"))


def log_is_taken(site: Site) -> Iterator[Finding]:
    """Say when a hub takes no more of the log: only people can put that right."""
    found = notice(site)
    if found is not None:
        steps = " ".join(f"{n}) {step}" for n, step in enumerate(found.steps, 1))
        sentence = f"{found.title} {found.why} {steps}".strip()
        yield Finding("kominfo", Level.WARNING, sentence)


_NEWEST = (
    "SELECT r.object_id, h.name, r.reason, r.at FROM sync_receipt r "
    "JOIN sync_hub h ON h.site = r.hub AND h.state = 'paired' "
    "WHERE r.object_id LIKE ? AND r.status = 'returned' ORDER BY r.at DESC LIMIT 1"
)
CHECKS = (log_is_taken,)
