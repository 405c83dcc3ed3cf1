"""What the hub said of our articles: taken in from a push reply, a message, or a stick.

    take(site, page)                 how many words were new; Tampered changes nothing
    said_of(site, [article.id, …])   the newest word by article, for lists

A receipt counts when a hub that we are paired with has signed it for this very site, and when it
is newer than the one we hold; so old ones may come again, in any order, and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desa_web.core import db
from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import log, receipt
from desa_web.engines.sync.errors import Tampered
from desa_web.engines.sync.receipt import Letter, Receipt


@dataclass(frozen=True, slots=True)
class Word:
    """What a hub says of one article. `sentence` is ready for a person, times excepted."""

    object_id: str
    hub: str
    status: str
    rev: int
    reason: str
    address: str
    received_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """`more`: the hub has further receipts; ask again."""

    new: int
    more: bool


def take(site: Site, hub: str, page: bytes) -> Taken:
    """Keep what a page of our hub says. Raises Tampered for anything that it has not signed."""
    last = log.head(site)
    row = db.execute(
        site.database, "SELECT keys FROM sync_hub WHERE site = ? AND state = 'paired'", hub
    ).fetchone()
    if last is None or row is None:
        raise Tampered(_("Tanda terima ini dari Kominfo yang tidak tersambung dengan situs ini."))
    letter = receipt.read(page, site=last.site, hub=hub, known=row[0].split())
    with db.write(site.database):
        new = sum(_keep(site, hub, one) for one in letter.receipts)
        _move(site, letter)
    return Taken(new, letter.more)


def said_of(site: Site, object_ids: Sequence[str]) -> dict[str, Word]:
    """Return the newest word about each of these articles, by article."""
    found: dict[str, Word] = {}
    for at in range(0, len(object_ids), 400):
        part = object_ids[at : at + 400]
        marks = ", ".join("?" * len(part))
        sql = f"{_SELECT} WHERE object_id IN ({marks}) ORDER BY at"
        found |= {word.object_id: word for word in _words(site, sql, *part)}
    return found


def newest(site: Site, limit: int = 10) -> list[Word]:
    """Return the last words of hubs on articles, newest first."""
    # What a hub says of the log itself is log_notice.py's.
    sql = f"{_SELECT} WHERE object_id NOT LIKE ? ORDER BY at DESC, object_id LIMIT ?"
    return _words(site, sql, f"{receipt.LOG}%", limit)


def titles(site: Site, words: Sequence[Word]) -> dict[str, str]:
    """Return the titles of the articles that are spoken of, as they are here now."""
    ids = [word.object_id for word in words]
    marks = ", ".join("?" * len(ids))
    sql = (
        "SELECT a.id, r.title FROM article a JOIN revision r "  # noqa: S608 - question marks
        f"ON r.id = coalesce(a.live_revision_id, a.working_revision_id) WHERE a.id IN ({marks})"
    )
    return dict(db.execute(site.database, sql, *ids).fetchall()) if ids else {}


def place(site: Site, hub: str) -> tuple[int, int]:
    """Return (born, n) of the newest receipt of a hub that is here."""
    row = db.execute(site.database, "SELECT born, n FROM sync_hub WHERE site = ?", hub).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


_SELECT = "SELECT object_id, hub, status, rev, reason, address, received_at, at FROM sync_receipt"


def _words(site: Site, sql: str, *values: object) -> list[Word]:
    rows = db.execute(site.database, sql, *values).fetchall()
    return [
        Word(object_id, hub, status, rev, reason, address, as_utc(received_at), as_utc(at))
        for object_id, hub, status, rev, reason, address, received_at, at in rows
    ]


def _keep(site: Site, hub: str, one: Receipt) -> int:
    """Keep a receipt unless a newer one about the same article is here; return 1 if kept."""
    return int(
        db.execute(
            site.database,
            "INSERT INTO sync_receipt (object_id, hub, born, n, rev, status, reason, address, "
            "received_at, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (object_id, hub) DO UPDATE SET born = excluded.born, n = excluded.n, "
            "rev = excluded.rev, status = excluded.status, reason = excluded.reason, "
            "address = excluded.address, received_at = excluded.received_at, at = excluded.at "
            "WHERE excluded.born > sync_receipt.born OR "
            "(excluded.born = sync_receipt.born AND excluded.n > sync_receipt.n)",
            one.object_id, hub, one.born, one.n, one.rev, one.status, one.reason, one.address,
            one.received_at_ms, one.at_ms,
        ).rowcount
        > 0
    )  # fmt: skip


def _move(site: Site, letter: Letter) -> None:
    """Note the hub's keys, and how far its receipts are here without a gap."""
    keys = " ".join(key.public for key in letter.keys)
    db.execute(site.database, "UPDATE sync_hub SET keys = ? WHERE site = ?", keys, letter.hub)
    born, n = place(site, letter.hub)
    here = n if letter.born == born else 0
    last = letter.receipts[-1].n if letter.receipts else 0
    # A page that begins further on than we are leaves the gap to be asked for.
    if letter.born >= born and letter.after <= here < last:
        sql = "UPDATE sync_hub SET born = ?, n = ? WHERE site = ?"
        db.execute(site.database, sql, letter.born, last, letter.hub)
