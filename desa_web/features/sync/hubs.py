"""The media centre that this site is paired with: one row of sync_hub, as others read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from desa_web.core import db
from desa_web.core.clock import as_utc
from desa_web.core.site import Site

# How long an answer to a code is waited for: as long as the code itself, and a little more.
WAIT_MS = 30 * 60_000
FIRST_PART_BYTES = 64 << 10


class State(StrEnum):
    """waiting: for an officer's look · refused: he said no · ended: unpaired, here or there."""

    WAITING = "waiting"
    PAIRED = "paired"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub as this site knows it. address: "" when it is reached by files only.

    head: "epoch seq hash" of the newest line that the hub holds, "" for unknown.
    """

    site: str
    name: str
    address: str
    state: State
    words: str
    token: str
    ticket: str
    created_at: datetime
    paired_at: datetime | None
    expires_at: datetime
    is_paused: bool
    head: str
    sent_at: datetime | None
    tried_at: datetime | None
    next_ms: int
    failures: int
    error_code: str
    error: str
    part_bytes: int
    born: int
    n: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the hub does not hold yet, as far as we know."""

    lines: int
    articles: int


def current(site: Site) -> Hub | None:
    """Return the hub that this site is paired with or waits for; None for neither."""
    found = newest(site)
    return found if found is not None and found.state in (State.WAITING, State.PAIRED) else None


def newest(site: Site) -> Hub | None:
    """Return the hub of the last pairing, whatever became of it."""
    order = "CASE WHEN state IN ('waiting', 'paired') THEN 0 ELSE 1 END, created_at DESC, site"
    sql = f"SELECT {', '.join(_COLUMNS)} FROM sync_hub ORDER BY {order} LIMIT 1"  # noqa: S608 - our own
    row = db.execute(site.database, sql).fetchone()
    return None if row is None else _hub(dict(zip(_COLUMNS, row, strict=True)))


def waiting(site: Site, hub: Hub) -> Waiting:
    """Return how many lines, and articles in them, lie after what the hub holds."""
    epoch, _space, rest = hub.head.partition(" ")
    seq = rest.partition(" ")[0]
    sql = "SELECT number FROM sync_line WHERE epoch = ? AND seq = ?"
    row = db.execute(site.database, sql, epoch, int(seq)).fetchone() if seq.isdigit() else None
    sql = (
        "SELECT count(*), count(DISTINCT CASE WHEN kind = 'article' THEN object_id END) "
        "FROM sync_line WHERE number > ?"
    )
    found = db.execute(site.database, sql, row[0] if row else 0).fetchone()
    return Waiting(int(found[0]), int(found[1]))


def store(site: Site, hub: str, /, **values: object) -> None:
    """Change columns of one hub; joins the caller's transaction."""
    names = ", ".join(f"{column} = ?" for column in values)
    sql = f"UPDATE sync_hub SET {names} WHERE site = ?"  # noqa: S608 - names of our own
    with db.write(site.database):
        db.execute(site.database, sql, *values.values(), hub)


def begin(here: Site, hub: str, /, **values: object) -> None:
    """Write a hub anew; every other one is ended, and what was said before stays.

    Call it inside a transaction.
    """
    sql = "UPDATE sync_hub SET state = 'ended', token = '', ticket = '' WHERE site <> ?"
    db.execute(here.database, sql, hub)
    now_ms = here.clock.now_ms()
    row: dict[str, object] = {
        "site": hub, "name": "", "address": "", "keys": "", "state": State.WAITING.value,
        "words": "", "token": "", "ticket": "", "created_at": now_ms, "paired_at": 0,
        "expires_at": now_ms + WAIT_MS, "is_paused": 0, "head": "", "sent_at": 0, "tried_at": 0,
        "next_at": 0, "failures": 0, "error_code": "", "error": "",
        "part_bytes": FIRST_PART_BYTES, "born": 0, "n": 0, **values,
    }  # fmt: skip
    # Receipts of an earlier pairing with the same hub are still its word.
    kept = ("born", "n", "site")
    updates = ", ".join(f"{column} = excluded.{column}" for column in row if column not in kept)
    db.execute(
        here.database,
        f"INSERT INTO sync_hub ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) "  # noqa: S608 - names of our own
        f"ON CONFLICT (site) DO UPDATE SET {updates}",
        *row.values(),
    )


def end_all(site: Site) -> None:
    """End every pairing: this site is another one from now on. Joins the transaction."""
    with db.write(site.database):
        db.execute(site.database, "UPDATE sync_hub SET state = 'ended', token = '', ticket = ''")
        db.execute(site.database, "DELETE FROM sync_receipt")


_COLUMNS = (
    "site", "name", "address", "state", "words", "token", "ticket", "created_at", "paired_at",
    "expires_at", "is_paused", "head", "sent_at", "tried_at", "next_at", "failures", "error_code",
    "error", "part_bytes", "born", "n",
)  # fmt: skip


def _hub(row: dict[str, Any]) -> Hub:
    return Hub(
        paired_at=_moment(row.pop("paired_at")),
        sent_at=_moment(row.pop("sent_at")),
        tried_at=_moment(row.pop("tried_at")),
        state=State(row.pop("state")),
        created_at=as_utc(row.pop("created_at")),
        expires_at=as_utc(row.pop("expires_at")),
        is_paused=bool(row.pop("is_paused")),
        next_ms=row.pop("next_at"),
        **row,
    )


def _moment(ms: int) -> datetime | None:
    return as_utc(ms) if ms else None
