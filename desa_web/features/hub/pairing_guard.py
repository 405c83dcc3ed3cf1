"""Wrong codes are counted: five from one address, two hundred from all, then a quarter of an hour.

Time is the monotonic clock of this boot, so a wrong date neither locks nor unlocks.
"""

from __future__ import annotations

from desa_web.core import db
from desa_web.core.disk import boot_id
from desa_web.core.errors import TooMany
from desa_web.core.i18n import _
from desa_web.core.site import Site

FREE_TRIES = 5
# Of all senders together: far from finding one of fifty codes, far above honest mistakes.
FREE_TRIES_ALL = 200
LOCK_MS = 15 * 60_000
_ALL = "*"


def claim(site: Site, client: str) -> None:
    """Count a try before it is judged, for its sender and for all; then nobody can be too quick.

    Raises TooMany during the pause; such a try is not counted and makes the pause no longer.
    """
    now_ms, boot = int(site.clock.monotonic_s() * 1000), boot_id()
    with db.write(site.database):
        # On PostgreSQL a second try waits here, so two cannot both be the fifth.
        for who in (_ALL, client):
            _touch(site, who, now_ms, boot)
        counts = {who: _failures(site, who, now_ms, boot) for who in (client, _ALL)}
        is_over = counts[client] >= FREE_TRIES or counts[_ALL] >= FREE_TRIES_ALL
        for who, failures in counts.items():
            _set(
                site, who, failures if is_over else failures + 1, None if is_over else now_ms, boot
            )
    if is_over:
        raise TooMany(
            _(
                "Sudah terlalu banyak kode yang keliru. Tunggu 15 menit, lalu minta kode baru "
                "kepada petugas Kominfo."
            ),
            retry_after_s=LOCK_MS // 1000,
        )


def forgive(site: Site, client: str) -> None:
    """The code was right: forget its sender's tries. Call it inside a transaction."""
    sql = "DELETE FROM hub_pairing_guard WHERE client = ?"
    db.execute(site.database, sql, client)
    sql = "UPDATE hub_pairing_guard SET failures = failures - 1 WHERE client = ? AND failures > 0"
    db.execute(site.database, sql, _ALL)


def _touch(site: Site, who: str, now_ms: int, boot: str) -> None:
    db.execute(
        site.database,
        "INSERT INTO hub_pairing_guard (client, failures, boot_id, at_ms) VALUES (?, 0, ?, ?) "
        "ON CONFLICT (client) DO UPDATE SET client = excluded.client",
        who, boot, now_ms,
    )  # fmt: skip


def _failures(site: Site, who: str, now_ms: int, boot: str) -> int:
    sql = "SELECT failures, boot_id, at_ms FROM hub_pairing_guard WHERE client = ?"
    failures, its_boot, at_ms = db.execute(site.database, sql, who).fetchone()
    is_over = its_boot != boot or not 0 <= now_ms - at_ms < LOCK_MS
    return 0 if is_over else int(failures)


def _set(site: Site, who: str, failures: int, now_ms: int | None, boot: str) -> None:
    sql = (
        "UPDATE hub_pairing_guard SET failures = ?, boot_id = ?, at_ms = coalesce(?, at_ms) "
        "WHERE client = ?"
    )
    db.execute(site.database, sql, failures, boot, now_ms, who)
