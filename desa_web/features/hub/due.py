"""What the ticker calls at a hub: look for sources that are due, in a process of its own.

Collecting verifies, decodes photos and waits for slow lines; readers of the hub share neither
memory nor interpreter with it. The run ends by itself and holds a lock, so a second one ends at
once.
"""

from __future__ import annotations

import logging
import subprocess
import sys

from desa_web.core import db, due, journal
from desa_web.core.actor import program
from desa_web.core.site import Site
from desa_web.features.hub import leases
from desa_web.features.hub.sources import DUE

log = logging.getLogger(__name__)
_SOONEST_MS, _LATEST_MS = 60_000, 15 * 60_000
_running: dict[str, subprocess.Popen[bytes]] = {}


def pull(site: Site, _ref: str) -> None:
    """Start `desa sync pull --due` unless the last one still runs, and plan the next look."""
    if site.config.text("role") != "hub" or not _has_sources(site):
        # The next source that is added plans it anew.
        with journal.change(program(site)):
            due.cancel(DUE, "")
        return
    before = _running.get(str(site.path))
    if before is None or before.poll() is not None:
        _running[str(site.path)] = _start(site)
    with journal.change(program(site)):
        now_ms = site.clock.now_ms()
        next_ms = leases.next_ms(site)
        # Without anybody to ask there may be villages that push, and news that goes on by itself.
        at_ms = now_ms + _LATEST_MS if next_ms is None else next_ms
        due.plan(DUE, "", min(max(at_ms, now_ms + _SOONEST_MS), now_ms + _LATEST_MS))


def _has_sources(site: Site) -> bool:
    sql = "SELECT 1 FROM hub_source WHERE state = 'active' LIMIT 1"
    return db.execute(site.database, sql).fetchone() is not None


def _start(site: Site) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "desa_web.cli", "--site", str(site.path), "sync", "pull",
               "--due"]  # fmt: skip
    log.info("collecting what is due")
    return subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
