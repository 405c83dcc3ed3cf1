"""/sehat: what a watcher may know without signing in. No names, no paths, no secrets."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, make_response

from desa_web import __version__
from desa_web.core import db, follow, journal, migrate
from desa_web.core.disk import free_bytes
from desa_web.core.site import Site
from desa_web.web.house import site

# The worker beats every ten seconds; where cron runs `desa follow --once` it is every minute.
_SILENT_S = 180.0


def install(app: Flask) -> None:
    app.add_url_rule("/sehat", "health", _health)


def state(here: Site) -> dict[str, Any]:
    """Return how the site is, in figures; "ok" when people can read and write."""
    reserve = here.config.number("free_space_reserve_mb") << 20
    age_s = follow.beat_age_s(here)
    free = free_bytes(here.path)
    has_worker = age_s is not None and age_s < _SILENT_S
    is_writable = not db.is_read_only(here.database)
    is_current = migrate.is_current(here.database)
    return {
        "ok": has_worker and is_writable and is_current and free >= reserve,
        "version": __version__,
        "schema": migrate.version(here.database),
        "schema_current": is_current,
        "journal": journal.head(here).seq,
        "worker_age_s": None if age_s is None else round(age_s, 1),
        "disk_free_mb": free >> 20,
        "writable": is_writable,
        "clock_ok": journal.clock_doubt(here) is None,
    }


def _health() -> Response:
    """Answer 200 when people can read and write, 503 otherwise."""
    found = state(site())
    response = make_response(jsonify(found), 200 if found["ok"] else 503)
    response.headers["Cache-Control"] = "no-store"
    return response
