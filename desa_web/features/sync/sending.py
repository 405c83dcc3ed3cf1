"""Sends by itself: soon after each publication, and every quarter of an hour for the answers.

A worker's thread apart, so that a slow line holds up neither readers nor the other followers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from desa_web.core import journal
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Busy, DesaError
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.engines.sync import log, pause
from desa_web.features.sync import hubs
from desa_web.features.sync.hubs import Hub, State

logger = logging.getLogger(__name__)
# How often it looks whether there is something to do: one small query.
_LOOK_S = 1.0
_ASK_S = 5.0


class Sender:
    """A follower that makes nothing of the journal itself; its work is in `idle`."""

    name = "kirim"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._look_at_s = 0.0
        self._ask_at_s = 0.0

    def cursor(self) -> Cursor | None:
        return journal.head(self._site)

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """The publisher has written the lines; they are sent from its log."""

    def rebuild(self, cursor: Cursor) -> None:
        """There is nothing to rebuild: the hub says what it holds."""

    def idle(self) -> bool:
        """Send what waits, if it is time; failures are kept for the page "Sinkron"."""
        now_s = self._site.clock.monotonic_s()
        if now_s < self._look_at_s:
            return False
        self._look_at_s = now_s + _LOOK_S
        hub = hubs.current(self._site)
        if hub is None or not hub.address:
            return False
        try:
            self._work(hub, now_s)
        except Busy:
            logger.debug("somebody else is sending")
        except DesaError as error:
            logger.info("hub %s: %s", hub.address, error)
        return False

    def _work(self, hub: Hub, now_s: float) -> None:
        # A village without a hub need not carry the ten megabytes of an HTTP client.
        from desa_web.features.sync import pairing
        from desa_web.features.sync.push import push

        if hub.state is State.WAITING:
            if now_s >= self._ask_at_s:
                self._ask_at_s = now_s + _ASK_S
                pairing.look(self._site)
        elif self._is_time(hub):
            push(self._site)

    def _is_time(self, hub: Hub) -> bool:
        if hub.is_paused or journal.clock_doubt(self._site) is not None:
            return False
        now_ms = self._site.clock.now_ms()
        # A plan of a clock that was wrong: nothing is planned a day ahead.
        if hub.next_ms <= now_ms or hub.next_ms > now_ms + DAY_MS:
            return pause(self._site) is None
        last = log.head(self._site)
        is_news = last is not None and not hub.head.endswith(last.point.hash)
        return is_news and not hub.failures and pause(self._site) is None
