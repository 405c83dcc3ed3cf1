"""Who asks which source now: a lease that runs out when its holder dies.

    for source_id in leases.take(site, owner, limit=20): …ask…
    leases.note(site, owner, [Result(source_id=…)])      when its answer is stored
    leases.free(site, owner)                             when the run ends

Several pullers, on several machines where the database is PostgreSQL, take from one table and
never the same source, nor two sources of one host. These rows are not journaled: they are no
content.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.features.hub import schedule

LEASE_MS = 10 * 60_000
# Nothing is planned further ahead; what is stems from a clock that was wrong.
_FURTHEST_MS = round(schedule.DAY_S * 1000 * 1.25)
_SENTENCE_MAX = 500
_random = random.Random(secrets.randbits(64))  # noqa: S311 - spreads load, guards nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it went with one source; `error_code` is "" when all went well.

    is_done: the lease is given back as well. interval_s: the new rhythm, None to keep the old
    one. news_ms: when its newest news came, None when nothing did. retry_after_s: what the source
    itself asked for.
    """

    source_id: str
    error_code: str = ""
    error: str = ""
    is_done: bool = True
    interval_s: int | None = None
    news_ms: int | None = None
    retry_after_s: int = 0
    etag: str | None = None
    modified: str | None = None


def owner_name() -> str:
    """Return a name for this puller that no other has."""
    return f"{os.uname().nodename[:40]}-{os.getpid()}-{secrets.token_hex(4)}"


def take(
    site: Site, owner: str, *, limit: int, only: Sequence[str] = (), is_due: bool = True
) -> list[str]:
    """Lease up to `limit` sources and return their ids, the longest waiting first.

    only: of these alone, none when empty means all. is_due=False asks before the time, too.
    Sources of a host that another puller asks now are left for later.
    """
    now_ms = site.clock.now_ms()
    values: list[object] = [owner, now_ms + LEASE_MS]
    where = ["s.state = 'active'", "p.host <> ''", _free("p")]
    free_values: list[object] = [now_ms, now_ms + LEASE_MS]
    values += free_values
    if is_due:
        where.append("(p.next_at <= ? OR p.next_at > ?)")
        values += [now_ms, now_ms + _FURTHEST_MS]
    if only:
        where.append(f"p.source_id IN ({', '.join('?' * len(only))})")
        values += only
    # One host is asked by one puller at a time, whoever leases the others of it next.
    where.append(
        "NOT EXISTS (SELECT 1 FROM hub_poll b WHERE b.host = p.host AND b.lease_owner <> '' "
        "AND b.lease_owner <> ? AND b.lease_until > ? AND b.lease_until <= ?)"
    )
    values += [owner, now_ms, now_ms + LEASE_MS]
    locks = db.skip_locked(site.database, "p")
    sql = (
        "UPDATE hub_poll SET lease_owner = ?, lease_until = ? WHERE source_id IN ("  # noqa: S608 - fragments of our own
        "SELECT p.source_id FROM hub_poll p JOIN hub_source s ON s.id = p.source_id "
        f"WHERE {' AND '.join(where)} ORDER BY p.next_at, p.source_id LIMIT ?{locks}) "
        "RETURNING source_id, next_at"
    )
    with db.write(site.database):
        rows = db.execute(site.database, sql, *values, limit).fetchall()
    return [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]))]


def renew(site: Site, owner: str, source_ids: Sequence[str]) -> None:
    """Keep leases for as long again: their photos are still coming."""
    if source_ids:
        until = site.clock.now_ms() + LEASE_MS
        marks = ", ".join("?" * len(source_ids))
        sql = (
            f"UPDATE hub_poll SET lease_until = ? WHERE lease_owner = ? AND source_id IN ({marks})"  # noqa: S608 - question marks
        )
        with db.write(site.database):
            db.execute(site.database, sql, until, owner, *source_ids)


def note(site: Site, owner: str, results: Sequence[Result]) -> None:
    """Write how it went, and when to ask again, in one transaction.

    A lease that ran out and was taken by another is left alone: his answer is the newer one.
    """
    if not results:
        return
    now_ms = site.clock.now_ms()
    with db.write(site.database):
        for result in results:
            _note(site, owner, result, now_ms)


def free(site: Site, owner: str, source_ids: Sequence[str] = ()) -> None:
    """Give leases back; all of this owner's when none are named."""
    sql = "UPDATE hub_poll SET lease_owner = '', lease_until = 0 WHERE lease_owner = ?"
    if source_ids:
        sql += f" AND source_id IN ({', '.join('?' * len(source_ids))})"
    with db.write(site.database):
        db.execute(site.database, sql, owner, *source_ids)


def reclaim(site: Site) -> None:
    """Take back what a run that died has leased; call it holding the lock of runs.

    On SQLite nobody else can be asking. Where machines share PostgreSQL leases must run out.
    """
    if db.is_sqlite(site.database):
        with db.write(site.database):
            sql = "UPDATE hub_poll SET lease_owner = '', lease_until = 0 WHERE lease_owner <> ''"
            db.execute(site.database, sql)


def hurry(site: Site, source_ids: Sequence[str]) -> None:
    """Let these be asked at the next run. Joins the caller's transaction."""
    for source_id in source_ids:
        sql = "UPDATE hub_poll SET next_at = ? WHERE source_id = ?"
        db.execute(site.database, sql, site.clock.now_ms(), source_id)


def next_ms(site: Site) -> int | None:
    """Return when the next source is due, None when there is none to ask."""
    sql = (
        "SELECT min(p.next_at) FROM hub_poll p JOIN hub_source s ON s.id = p.source_id "
        "WHERE s.state = 'active' AND p.host <> ''"
    )
    found = db.execute(site.database, sql).fetchone()[0]
    return None if found is None else int(found)


def _free(table: str) -> str:
    """Is nobody asking? A lease from a wrong clock, too far ahead, holds nobody up."""
    return f"({table}.lease_owner = '' OR {table}.lease_until <= ? OR {table}.lease_until > ?)"


def _note(site: Site, owner: str, result: Result, now_ms: int) -> None:
    sql = "SELECT failures, interval_s FROM hub_poll WHERE source_id = ? AND lease_owner = ?"
    row = db.execute(site.database, sql, result.source_id, owner).fetchone()
    if row is None:
        return
    failures = row[0] + 1 if result.error_code else 0
    interval_s = result.interval_s or row[1]
    wait_s = schedule.back_off_s(failures) if failures else interval_s
    wait_ms = schedule.jittered_ms(wait_s, _random)
    wait_ms = max(wait_ms, min(result.retry_after_s, schedule.DAY_S) * 1000)
    ok = "ok_at" if result.error_code else "?"
    values: list[object] = [] if result.error_code else [now_ms]
    db.execute(
        site.database,
        f"UPDATE hub_poll SET ok_at = {ok}, tried_at = ?, next_at = ?, interval_s = ?, "  # noqa: S608 - fragments of our own
        "failures = ?, error_code = ?, error = ?, news_at = coalesce(?, news_at), "
        "etag = coalesce(?, etag), modified = coalesce(?, modified), "
        "lease_owner = CASE WHEN ? = 1 THEN '' ELSE lease_owner END "
        "WHERE source_id = ? AND lease_owner = ?",
        *values, now_ms, now_ms + wait_ms, interval_s, failures, result.error_code,
        result.error[:_SENTENCE_MAX], result.news_ms, result.etag, result.modified,
        int(result.is_done), result.source_id, owner,
    )  # fmt: skip
