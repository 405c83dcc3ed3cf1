"""What the media centre says back to a village about its articles.

    receipts.say(source_id, object_id, rev, "published", address="https://…")

`say` writes inside the caller's transaction, so a decision and its receipt stand or fall together.
The newest word of each article is kept. The signature comes when receipts are handed out, so a
key that is locked for a while keeps no officer from working.
"""

from __future__ import annotations

from typing import Literal

from desa_web.core import db, journal
from desa_web.core.site import Site, current_site

Word = Literal["accepted", "published", "returned", "withdrawn"]
_REASON_MAX, _ADDRESS_MAX = 500, 500


def say(
    source_id: str, object_id: str, rev: int, status: Word, *, reason: str = "", address: str = ""
) -> None:
    """Tell a source what became of one of its articles; call it inside the deciding transaction.

    rev: of the source's line that was decided on (0 for a feed). The time that the village reads
    as "diterima" stays that of the first word about this rev.
    """
    site = current_site()
    now_ms = site.clock.now_ms()
    n = _next(site, source_id)
    db.execute(
        site.database,
        "INSERT INTO hub_receipt (source_id, object_id, n, rev, status, reason, address, "
        "received_at, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (source_id, object_id) DO UPDATE SET n = excluded.n, rev = excluded.rev, "
        "status = excluded.status, reason = excluded.reason, address = excluded.address, "
        "at = excluded.at, received_at = CASE WHEN hub_receipt.rev = excluded.rev "
        "THEN hub_receipt.received_at ELSE excluded.received_at END",
        source_id, object_id, n, rev, status, reason[:_REASON_MAX], address[:_ADDRESS_MAX],
        now_ms, now_ms,
    )  # fmt: skip


def _next(site: Site, source_id: str) -> int:
    """Return the next number of a source; another transaction of the same source waits here."""
    _series(site, source_id)
    sql = "UPDATE hub_receipt_head SET n = n + 1 WHERE source_id = ? RETURNING n"
    return int(db.execute(site.database, sql, source_id).fetchone()[0])


def _series(site: Site, source_id: str) -> None:
    """Begin a source's series of receipts, or a new one after our database was restored."""
    now_ms, journal_id = max(site.clock.now_ms(), 1), journal.head(site).journal_id
    db.execute(
        site.database,
        "INSERT INTO hub_receipt_head (source_id, journal_id, born, n, told) "
        "VALUES (?, ?, ?, 0, 0) ON CONFLICT (source_id) DO UPDATE SET told = 0, "
        "journal_id = excluded.journal_id, born = CASE WHEN hub_receipt_head.born < excluded.born "
        "THEN excluded.born ELSE hub_receipt_head.born + 1 END "
        "WHERE hub_receipt_head.journal_id <> excluded.journal_id",
        source_id, journal_id, now_ms,
    )  # fmt: skip
