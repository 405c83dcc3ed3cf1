"""What the media centre says back to a village about its articles.

    receipts.say(source_id, object_id, rev, "published", address="https://…")

`say` writes inside the caller's transaction, so a decision and its receipt stand or fall together.
The newest word of each article is kept. The signature comes when receipts are handed out, so a
key that is locked for a while keeps no officer from working.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from desa_web.core import db, journal
from desa_web.core.site import Site, current_site
from desa_web.engines.sync import KeyRing, log, pause, receipt
from desa_web.engines.sync.line import is_site
from desa_web.engines.sync.receipt import MAX_RECEIPTS, Receipt

Word = Literal["accepted", "published", "returned", "withdrawn"]
_REASON_MAX, _ADDRESS_MAX = 500, 500
# Nine values each: SQLite takes 999 in its oldest form.
_ROWS = 100


def say(
    source_id: str, object_id: str, rev: int, status: Word, *, reason: str = "", address: str = ""
) -> None:
    """Tell a source what became of one of its articles; call it inside the deciding transaction.

    rev: of the source's line that was decided on (0 for a feed). The time that the village reads
    as "diterima" stays that of the first word about this rev.
    """
    _write(source_id, [(object_id, rev)], status, reason[:_REASON_MAX], address[:_ADDRESS_MAX])


def arrived(source_id: str, articles: Sequence[tuple[str, int]]) -> None:
    """Tell a source that these articles (id, rev) came, each once: "Diterima Kominfo 14.05"."""
    for at in range(0, len(articles), _ROWS):
        _write(source_id, articles[at : at + _ROWS], "accepted", "", "")


def forget_words(source_id: str, object_id: str) -> None:
    """Forget what people wrote about an article that is being erased; the word itself stays."""
    sql = "UPDATE hub_receipt SET reason = '', address = '' WHERE source_id = ? AND object_id = ?"
    db.execute(current_site().database, sql, source_id, object_id)


def letter(site: Site, source_id: str, born: int, n: int, *, limit: int = MAX_RECEIPTS) -> bytes:
    """Return the signed page of what a village does not hold yet; b"" when nothing can be said.

    born, n: the newest receipt that the village holds; of another series it holds nothing.
    """
    name = _site_of(site, source_id)
    head = _head(site, source_id)
    own, chain = log.head(site), log.keys(site)
    if not is_site(name) or head is None or own is None or pause(site) is not None:
        return b""
    key = KeyRing(site.data / "keys").find(chain[-1].public)
    if key is None:
        return b""
    after = n if born == head[0] else 0
    rows = _after(site, source_id, head[0], after, limit + 1)
    if not rows:
        return b""
    more = len(rows) > limit
    return receipt.write(
        own.site, chain, key, name, rows[:limit], born=head[0], after=after, more=more
    )


def pages(site: Site, source_id: str) -> Iterator[bytes]:
    """Yield all that was said to a source, page by page: for a stick, which asks nothing back."""
    head = _head(site, source_id)
    n = 0
    while head is not None and n < head[1]:
        page = letter(site, source_id, head[0], n)
        if not page:
            return
        yield page
        rows = _after(site, source_id, head[0], n, MAX_RECEIPTS)
        n = rows[-1].n


def heard(site: Site, source_id: str, born: int, n: int) -> None:
    """Note what a village says that it holds already.

    One that holds a later series than ours has heard a younger hub: ours begins anew after it.
    """
    head = _head(site, source_id)
    if head is None or (born, n) in ((0, 0), head[:1] + head[2:]):
        return
    with db.write(site.database):
        if born > head[0]:
            sql = "UPDATE hub_receipt_head SET born = ?, told = 0 WHERE source_id = ?"
            db.execute(site.database, sql, born + 1, source_id)
        elif born == head[0] and head[2] < n <= head[1]:
            sql = "UPDATE hub_receipt_head SET told = ? WHERE source_id = ?"
            db.execute(site.database, sql, n, source_id)


def told(site: Site, source_id: str) -> tuple[int, int]:
    """Return (born, n) of the newest receipt that a source is known to hold."""
    head = _head(site, source_id)
    return (head[0], head[2]) if head is not None else (0, 0)


def untold(site: Site) -> list[tuple[str, str]]:
    """Return (source_id, address) of paired sources that can be reached and lack receipts."""
    sql = (
        "SELECT s.id, s.address FROM hub_source s JOIN hub_token t ON t.source_id = s.id "
        "JOIN hub_receipt_head h ON h.source_id = s.id "
        "WHERE s.address <> '' AND s.state = 'active' AND h.told < h.n ORDER BY h.told, s.id"
    )
    return [(row[0], row[1]) for row in db.execute(site.database, sql).fetchall()]


def of_source(site: Site, source_id: str, limit: int = MAX_RECEIPTS) -> list[Receipt]:
    """Return the newest words to a source, newest first."""
    sql = f"{_SELECT} WHERE source_id = ? ORDER BY n DESC LIMIT ?"
    return [Receipt(0, *row) for row in db.execute(site.database, sql, source_id, limit)]


_SELECT = "SELECT n, object_id, rev, status, reason, address, received_at, at FROM hub_receipt"


def _after(site: Site, source_id: str, born: int, n: int, limit: int) -> list[Receipt]:
    sql = f"{_SELECT} WHERE source_id = ? AND n > ? ORDER BY n LIMIT ?"
    return [Receipt(born, *row) for row in db.execute(site.database, sql, source_id, n, limit)]


def _site_of(site: Site, source_id: str) -> str:
    sql = "SELECT site FROM hub_source WHERE id = ?"
    row = db.execute(site.database, sql, source_id).fetchone()
    return str(row[0] or "") if row else ""


def _head(site: Site, source_id: str) -> tuple[int, int, int] | None:
    """Return born, n, told; renewed first when our database came back from a backup."""
    sql = "SELECT born, n, told, journal_id FROM hub_receipt_head WHERE source_id = ?"
    row = db.execute(site.database, sql, source_id).fetchone()
    if row is None:
        return None
    if row[3] != journal.head(site).journal_id:
        with db.write(site.database):
            _series(site, source_id)
        row = db.execute(site.database, sql, source_id).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def _write(
    source_id: str, articles: Sequence[tuple[str, int]], status: Word, reason: str, address: str
) -> None:
    """Write one word about some articles in one statement: a first pull brings hundreds."""
    site = current_site()
    now_ms = site.clock.now_ms()
    last = _next(site, source_id, len(articles))
    values: list[object] = []
    for n, (object_id, rev) in enumerate(articles, last - len(articles) + 1):
        values += [source_id, object_id, n, rev, status, reason, address, now_ms, now_ms]
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(articles))
    db.execute(
        site.database,
        "INSERT INTO hub_receipt (source_id, object_id, n, rev, status, reason, address, "  # noqa: S608 - question marks
        f"received_at, at) VALUES {rows} "
        "ON CONFLICT (source_id, object_id) DO UPDATE SET n = excluded.n, rev = excluded.rev, "
        "status = excluded.status, reason = excluded.reason, address = excluded.address, "
        "at = excluded.at, received_at = CASE WHEN hub_receipt.rev = excluded.rev "
        "THEN hub_receipt.received_at ELSE excluded.received_at END",
        *values,
    )


def _next(site: Site, source_id: str, count: int) -> int:
    """Take the next numbers of a source and return the last; another transaction waits here."""
    _series(site, source_id)
    sql = "UPDATE hub_receipt_head SET n = n + ? WHERE source_id = ? RETURNING n"
    return int(db.execute(site.database, sql, count, source_id).fetchone()[0])


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
