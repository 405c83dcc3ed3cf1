"""The journal: every change of content leaves one row, in commit order, without holes.

    with journal.change(actor) as change:
        ...                                  # write the models
        change.record("article", article.id, "publish", revision=…, keys=…, digest=…)

State and rows are one transaction. `seq` is taken by UPDATE … RETURNING as the last statements
before commit, so order = commit order on both databases (a PostgreSQL sequence lost rows to a
reader). Services may call services: the inner change joins the outer one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from desa_web.core import db
from desa_web.core.clock import suspicion

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site

# Made once: json.dumps would make an encoder for every digest.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
# While the clock is doubtful time goes on in steps of a second: feeds have no finer unit.
_DOUBTFUL_STEP_MS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One journal row. `keys` are the surrogate keys of pages that show the object.

    actor: "user:<id>", "operator", "program", or a deputy's "user:<id> for user:<id>".
    """

    seq: int
    at_ms: int
    actor: str
    kind: str
    object_id: str
    op: str
    revision_id: str | None
    keys: tuple[str, ...]
    digest: str
    note: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a follower has come, in which journal (a restore renews `journal_id`)."""

    journal_id: str
    seq: int


@dataclass(slots=True)
class Change:
    """An open transaction; `at_ms` is its moment, always later than the newest row."""

    actor: Actor
    at_ms: int
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def record(
        self,
        kind: str,
        object_id: str,
        op: str,
        *,
        revision: str | None = None,
        keys: Iterable[str] = (),
        digest: str = "",
        note: str = "",
        in_name_of: str = "",
    ) -> None:
        """Add one journal row to this transaction; `in_name_of`: the user a deputy stands for."""
        names = json.dumps(sorted(set(keys)))
        label = self.actor.label + (f" for user:{in_name_of}" if in_name_of else "")
        self.rows.append((self.at_ms, label, kind, object_id, op, revision, names, digest, note))


_open: ContextVar[Change | None] = ContextVar("change", default=None)


@contextmanager
def change(actor: Actor) -> Iterator[Change]:
    """One transaction of `actor`; its rows are written last, its listeners called after commit.

    Raises Busy, DiskFull or ReadOnly; then nothing was changed.
    """
    outer = _open.get()
    if outer is not None:
        yield outer
        return
    site = actor.site
    with db.write(site.database):
        current = Change(actor, _moment(site))
        token = _open.set(current)
        try:
            yield current
        finally:
            _open.reset(token)
        written = [_append(site, values) for values in current.rows]
    if written:
        site.committed(written)


def read(site: Site, after: int, limit: int = 200) -> list[Row]:
    """Return up to `limit` rows with seq > `after`, oldest first."""
    sql = (
        "SELECT seq, at, actor, kind, object_id, op, revision_id, keys, digest, note "
        "FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"
    )
    return [_row(values) for values in db.execute(site.database, sql, after, limit)]


def history(site: Site, kind: str, object_id: str) -> list[Row]:
    """Return all rows of one object, oldest first."""
    sql = (
        "SELECT seq, at, actor, kind, object_id, op, revision_id, keys, digest, note "
        "FROM journal WHERE kind = ? AND object_id = ? ORDER BY seq"
    )
    return [_row(values) for values in db.execute(site.database, sql, kind, object_id)]


def head(site: Site) -> Cursor:
    """Return the journal's id and its newest seq (0 when nothing happened yet)."""
    sql = "SELECT journal_id, n FROM journal_head WHERE id = 1"
    journal_id, n = db.execute(site.database, sql).fetchone()
    return Cursor(journal_id, n)


def newest_ms(site: Site) -> int | None:
    """Return the time of the newest row; None for an empty journal."""
    at = db.execute(site.database, "SELECT at FROM journal_head WHERE id = 1").fetchone()[0]
    return int(at) or None


def clock_doubt(site: Site) -> str | None:
    """Return why this site's clock cannot be right now, or None."""
    return suspicion(site.clock.now_ms(), newest_ms(site))


def confirm_clock(actor: Actor) -> None:
    """Trust the clock as it is: a person has looked at the date."""
    with change(actor) as current:
        current.at_ms = actor.site.clock.now_ms()
        current.record("site", "clock", "confirm")


def new_journal_id() -> str:
    """Return an id for a new or restored journal; another id makes every follower rebuild."""
    return secrets.token_hex(8)


def renew(site: Site) -> None:
    """Give the journal a new id (after a restore), so that every follower rebuilds."""
    with db.write(site.database):
        sql = "UPDATE journal_head SET journal_id = ?"
        db.execute(site.database, sql, new_journal_id())


def digest(state: object) -> str:
    """Return the sha256 of an object's canonical state (sorted JSON)."""
    return sha256(_CANONICAL.encode(state).encode()).hexdigest()


def _moment(site: Site) -> int:
    newest = newest_ms(site)
    now = site.clock.now_ms()
    if suspicion(now, newest) is not None:
        return (newest or 0) + _DOUBTFUL_STEP_MS
    return max(now, (newest or 0) + 1)


def _append(site: Site, values: Sequence[Any]) -> Row:
    # On PostgreSQL another change may have committed since this one looked at the clock: time
    # never goes back, except when a person confirms the clock.
    sql = (
        "UPDATE journal_head SET n = n + 1, at = CASE WHEN at < ? OR ? = 1 THEN ? ELSE at END "
        "WHERE id = 1 RETURNING n, at"
    )
    is_set = int(tuple(values[2:5]) == ("site", "clock", "confirm"))
    seq, at = db.execute(site.database, sql, values[0], is_set, values[0]).fetchone()
    values = (at, *values[1:])
    db.execute(
        site.database,
        "INSERT INTO journal (seq, at, actor, kind, object_id, op, revision_id, keys, digest, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        *values,
    )
    return _row((seq, *values))


def _row(values: Sequence[Any]) -> Row:
    seq, at, actor, kind, object_id, op, revision, keys, state, note = values
    return Row(seq, at, actor, kind, object_id, op, revision, tuple(json.loads(keys)), state, note)
