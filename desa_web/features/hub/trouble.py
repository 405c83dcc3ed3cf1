"""What is wrong with a source, in the officer's words, and who has to do something about it.

    trouble_of(source, stopped(site), now_ms)      what is wrong with one source now
    waiting(actor)                                 how many sources wait for a person

A log that stands still is known from the poll or, where a village pushes or sends sticks, from the
log itself. Read only; what a person decides is done by sources.trust_again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from desa_web.core import db
from desa_web.core.actor import Actor
from desa_web.core.clock import DAY_MS, to_ms
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Problem
from desa_web.engines.sync.unreachable import Reason
from desa_web.features.hub.source import Source, State

# Tried again without anybody; after a day without an answer a person should look.
_HEALS = frozenset({
    Problem.NOT_A_LINE, Problem.UNPROVEN_ERASURE, Reason.NETWORK, Reason.SLOW, Reason.CUT,
    Reason.BUSY, Reason.FAILED, Reason.CLOSED, Reason.CORRUPT,
})  # fmt: skip
# The log is taken no further until an officer has spoken with the village.
_STOPPED = {
    Problem.FORK: "Dua situs memakai kunci desa ini, mungkin salinan. Kabar baru berhenti diambil.",
    Problem.RESTARTED: "Catatan desa ini mulai dari awal atau dipulihkan dua kali. Kabar baru "
    "berhenti diambil.",
    Problem.OTHER_SITE: "Di alamat ini sekarang ada situs lain. Kabar baru berhenti diambil.",
    Problem.BAD_SIGNATURE: "Tanda tangan sebuah kabar tidak cocok. Kabar sesudahnya berhenti "
    "diambil.",
}
_STEPS = {
    Problem.FORK: (
        "Telepon operator desa: komputer mana yang dipakai sehari-hari?",
        "Minta ia membuka halaman Sinkron di komputer yang lain (laptop lama, salinan latihan), "
        "lalu menekan Jadikan situs sendiri.",
        "Sesudah itu, baca catatan desa dari awal di sini.",
    ),
    Problem.RESTARTED: (
        "Telepon operator desa: apakah situsnya dipulihkan dari cadangan atau dipasang ulang?",
        "Bila ya, baca catatan desa dari awal di sini. Bila tidak ada yang tahu, jangan lanjutkan; "
        "tekan Jeda sampai jelas.",
    ),
    Problem.OTHER_SITE: (
        "Telepon operator desa: apakah desa berganti komputer atau server, atau kuncinya hilang?",
        "Lihat situs apa yang sekarang ada di alamat itu, lalu bacakan namanya kepada operator.",
        "Bila itu situs desa, terima. Bila bukan, ganti atau kosongkan alamatnya di bawah.",
    ),
    Problem.BAD_SIGNATURE: (
        "Telepon operator desa: apakah ada pesan galat di halaman Sinkron desa?",
        "Baca catatan desa dari awal di sini; setiap tanda tangan diperiksa lagi. Bila tetap tidak "
        "cocok, mintalah teknisi melihatnya.",
    ),
}


class Needs(StrEnum):
    """What makes it well again: nothing, time, a person, or an officer's decision."""

    NOTHING = ""
    TIME = "time"
    PERSON = "person"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Trouble:
    """code: of the poll or of the log; sentence: what happened, and for a person what to do."""

    code: str = ""
    sentence: str = ""
    needs: Needs = Needs.NOTHING

    @property
    def needs_somebody(self) -> bool:
        return self.needs in (Needs.PERSON, Needs.DECISION)

    @property
    def steps(self) -> tuple[str, ...]:
        """Return what an officer does before deciding, in order; () when there is no decision."""
        return tuple(_(step) for step in _STEPS.get(Problem(self.code), ())) if self._stops else ()

    @property
    def _stops(self) -> bool:
        return self.needs is Needs.DECISION


def trouble_of(source: Source, logs: Mapping[str, str], now_ms: int) -> Trouble:
    """Return what is wrong with a source. logs: what `stopped` said."""
    if source.state is not State.ACTIVE:
        return Trouble()
    code = _of_log(logs.get(source.site or "", ""), has_address=bool(source.address))
    code = code or source.poll.error_code
    needs = _needs(code, to_ms(source.poll.ok_at or source.created_at), now_ms)
    return Trouble(code, sentence(code) or source.poll.error, needs)


def stopped(site: Site) -> dict[str, str]:
    """Return the problem of every log that stands still, by its name (one query)."""
    return {row[0]: row[1] for row in db.execute(site.database, _LOGS, *_STOPPED).fetchall()}


def sentence(code: str) -> str:
    """Return what it means that a log stands still, "" for any other code."""
    return _(_STOPPED[Problem(code)]) if code in tuple(_STOPPED) else ""


def waiting(actor: Actor) -> int:
    """Return how many sources wait for a person (the badge of the menu; on every page)."""
    site = actor.site
    now_ms, found = site.clock.now_ms(), 0
    logs = stopped(site)
    rows = db.execute(site.database, _POLLS).fetchall() if not logs else _all_polls(site)
    for name, address, created_at, code, ok_at in rows:
        of_log = _of_log(logs.get(name or "", ""), has_address=bool(address))
        needs = _needs(of_log or code, ok_at or created_at, now_ms)
        found += needs in (Needs.PERSON, Needs.DECISION)
    return found


_LOGS = (
    "SELECT site, CASE WHEN state = 'fork' THEN 'fork' ELSE problem END FROM sync_source "  # noqa: S608 - question marks
    f"WHERE state = 'fork' OR problem IN ({', '.join('?' * len(_STOPPED))})"
)
_ALL = (
    "SELECT s.site, s.address, s.created_at, p.error_code, p.ok_at FROM hub_poll p "
    "JOIN hub_source s ON s.id = p.source_id WHERE s.state = 'active'"
)
_POLLS = f"{_ALL} AND p.error_code <> ''"


def _all_polls(site: Site) -> list[tuple[str | None, str, int, str, int]]:
    return list(db.execute(site.database, _ALL).fetchall())


def _of_log(problem: str, *, has_address: bool) -> str:
    """Return the problem that a log itself knows of.

    A fork stays until somebody decides. Any other is of the last lines that came, which may have
    been an old stick's: where the village is asked, the poll knows better.
    """
    return problem if problem == Problem.FORK or not has_address else ""


def _needs(code: str, heard_ms: int, now_ms: int) -> Needs:
    """Return what a code asks for. heard_ms: when the source last was well."""
    if not code:
        return Needs.NOTHING
    if code in tuple(_STOPPED):
        return Needs.DECISION
    heals = code in _HEALS and now_ms - heard_ms < DAY_MS
    return Needs.TIME if heals else Needs.PERSON
