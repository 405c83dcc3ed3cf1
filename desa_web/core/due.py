"""What must happen at a time: table `due(at, kind, ref)` and its ticker. Time has no other owner.

A service plans inside its own transaction; the ticker calls the handler of the kind, which calls
the service again, which removes the entry in the transaction that does the work. So an entry is
worked exactly once whatever dies in between. While the clock is doubtful everything is held.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from desa_web.core import db, journal
from desa_web.core.errors import DesaError

if TYPE_CHECKING:
    from desa_web.core.site import Site

log = logging.getLogger(__name__)

Handler = Callable[["Site", str], None]


def plan(kind: str, ref: str, at_ms: int) -> None:
    """Do `kind` for `ref` at `at_ms`, replacing an earlier plan. Call it inside a transaction."""
    cancel(kind, ref)
    db.execute(db.current(), "INSERT INTO due (kind, ref, at) VALUES (?, ?, ?)", kind, ref, at_ms)


def cancel(kind: str, ref: str) -> bool:
    """Forget the plan; True if there was one. Call it inside a transaction."""
    sql = "DELETE FROM due WHERE kind = ? AND ref = ?"
    return bool(db.execute(db.current(), sql, kind, ref).rowcount)


def next_at(site: Site) -> int | None:
    """Return the earliest planned time in ms, or None."""
    return db.execute(site.database, "SELECT min(at) FROM due").fetchone()[0]  # type: ignore[no-any-return]


def tick(site: Site, handlers: Mapping[str, Handler]) -> int:
    """Work everything that is due; return how many. A failing entry does not stop the others."""
    if journal.clock_doubt(site) is not None:
        return 0
    sql = "SELECT kind, ref FROM due WHERE at <= ? ORDER BY at, kind, ref LIMIT 500"
    rows = list(db.execute(site.database, sql, site.clock.now_ms()))
    return sum(_work(site, handlers, kind, ref) for kind, ref in rows)


def _work(site: Site, handlers: Mapping[str, Handler], kind: str, ref: str) -> int:
    handler = handlers.get(kind)
    if handler is None:
        log.warning("no handler for due work of kind %s", kind)
        return 0
    try:
        handler(site, ref)
    except DesaError as error:
        log.warning("due work %s %s: %s", kind, ref, error)
        return 0
    except Exception:
        # A bug in one kind of work must not keep scheduled news from appearing.
        log.exception("due work %s %s failed", kind, ref)
        return 0
    return 1
