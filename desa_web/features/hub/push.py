"""What a paired village may do over its own line: lines in, and what it should know out.

    source = admit(site, token)                      the token's hash is all we have of it
    reply = take(site, source, lines, heard=…)       one transaction, then the answer to it

The lines are signed and chained, so the token only says whose turn it is. Speaks no HTTP.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from desa_web.core import db
from desa_web.core.clock import as_utc
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import Outcome, Problem, Receiver
from desa_web.engines.sync.line import MAX_LINE_BYTES, is_hash
from desa_web.features.hub import intake, log_words, photos, receipts, sources
from desa_web.features.hub.source import Source, State

# A part is at least one line, however long that is.
MAX_PART_BYTES = MAX_LINE_BYTES + (256 << 10)
PART_BYTES = 256 << 10
_MAX_WANTED = 50
_USED_EVERY_MS = 60_000


class NotPaired(DesaError):
    """This token opens nothing here: never given, or taken back by an officer."""

    code = "belum-tersambung"
    status = 403


class Paused(DesaError):
    """An officer has paused this source; the village keeps its news and asks again later."""

    code = "sumber-dijeda"
    status = 503
    exit_code = 75
    retry_after_s = 3600


@dataclass(frozen=True, slots=True)
class Heard:
    """What a village says beside its lines: which receipts it holds, which photos it lost."""

    born: int = 0
    n: int = 0
    head: str = ""
    gone: Sequence[str] = ()


def admit(site: Site, token: str) -> Source:
    """Return the source whose token this is. Raises NotPaired, Paused."""
    digest = sha256(token.encode()).hexdigest()
    sql = "SELECT source_id, token_hash, used_at FROM hub_token WHERE token_hash = ?"
    row = db.execute(site.database, sql, digest).fetchone()
    if not token or row is None or not hmac.compare_digest(row[1], digest):
        raise NotPaired(
            _(
                "Situs ini belum tersambung dengan desa itu, atau sambungannya sudah diputus. "
                "Minta kode baru kepada petugas Kominfo."
            )
        )
    source = sources.get(site, row[0])
    if source.state is not State.ACTIVE:
        raise Paused(
            _("Petugas Kominfo sedang menjeda desa ini. Berita tetap tersimpan dan dikirim nanti.")
        )
    _used(site, source.id, row[2])
    return source


def take(site: Site, source: Source, lines: bytes, heard: Heard) -> dict[str, Any]:
    """Take lines, and return what the village should know: how far we are, what we want, receipts.

    Raises Busy, DiskFull, ReadOnly; then nothing was kept.
    """
    outcome = intake.taken(site, source.id, lines, is_live=True) if lines else None
    for ref in list(heard.gone)[:_MAX_WANTED]:
        if is_hash(ref):
            photos.failed(source.id, ref, _("Desa tidak punya foto ini lagi."), state="gone")
    receipts.heard(site, source.id, heard.born, heard.n)
    return {
        "v": 1,
        "have": _have(site, source, heard, has_lines=bool(lines)),
        "next": PART_BYTES,
        "want": [w.ref for w in photos.wanted(source.id, _MAX_WANTED) if is_hash(w.ref)],
        "problem": _problem(site, source, outcome),
        "receipts": receipts.letter(site, source.id, heard.born, heard.n).decode(),
    }


def leave(site: Site, source: Source) -> None:
    """The village itself ends the pairing."""
    with db.write(site.database):
        db.execute(site.database, "DELETE FROM hub_token WHERE source_id = ?", source.id)


def _have(site: Site, source: Source, heard: Heard, *, has_lines: bool) -> list[list[Any]]:
    """Return what is held, newest first; the newest alone for who is known to be that far."""
    resume = Receiver(site).resume(source.site or "")
    points = resume.have
    is_known = bool(points) and heard.head != "" and points[0].hash == heard.head
    if has_lines or is_known:
        points = points[:1]
    return [[point.epoch, point.seq, point.hash] for point in points]


def _problem(site: Site, source: Source, outcome: Outcome | None) -> dict[str, str] | None:
    """Return why lines are not taken; a village that has none to send hears of a fork as well."""
    problem = outcome.problem if outcome is not None else None
    if outcome is None and Receiver(site).shelf.source(source.site or "").state == "fork":
        problem = Problem.FORK
    if problem is None:
        return None
    return {"code": problem.value, "message": log_words.sentence(problem)}


def _used(site: Site, source_id: str, used_ms: int) -> None:
    now_ms = site.clock.now_ms()
    if abs(now_ms - used_ms) >= _USED_EVERY_MS and not db.is_read_only(site.database):
        with db.write(site.database):
            sql = "UPDATE hub_token SET used_at = ? WHERE source_id = ?"
            db.execute(site.database, sql, now_ms, source_id)


def paired(site: Site) -> dict[str, datetime | None]:
    """Return the sources that may push, and when each of them did last; None for never."""
    rows = db.execute(site.database, "SELECT source_id, used_at FROM hub_token").fetchall()
    return {source_id: as_utc(used) if used else None for source_id, used in rows}
