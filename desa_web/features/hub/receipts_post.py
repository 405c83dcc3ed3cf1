"""Brings receipts to paired villages that have an address: soon after a decision, not at a poll.

A village that cannot be reached hears the same when it pushes or asks; so a failure here is no
failure of the source, and is tried ever more seldom.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from desa_web import __version__
from desa_web.core import journal
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site
from desa_web.features.hub import receipts

if TYPE_CHECKING:
    from desa_web.engines.sync.client import Client

logger = logging.getLogger(__name__)
_LOOK_S = 2.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 60.0, 3600.0
_AT_ONCE = 20
_TIMEOUT_S = 20


class Poster:
    """A follower that makes nothing of the journal itself; its work is in `idle`."""

    name = "kabar"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._look_at_s = 0.0
        # When to try a source again, and how long the pause after that is; forgotten at a restart.
        self._waits: dict[str, tuple[float, float]] = {}

    def cursor(self) -> Cursor | None:
        return journal.head(self._site)

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        """Decisions have written their receipts already."""

    def rebuild(self, cursor: Cursor) -> None:
        """There is nothing to rebuild."""

    def idle(self) -> bool:
        """Post what villages do not hold yet, to twenty of them at most."""
        now_s = self._site.clock.monotonic_s()
        if now_s < self._look_at_s or self._site.config.text("role") != "hub":
            return False
        self._look_at_s = now_s + _LOOK_S
        lacking = receipts.untold(self._site)
        ready = [one for one in lacking if self._waits.get(one[0], (0,))[0] <= now_s]
        if ready:
            # Here and below: every village's server loads this module, only a hub posts.
            import asyncio

            asyncio.run(self._post(ready[:_AT_ONCE]))
        return False

    async def _post(self, ready: Sequence[tuple[str, str]]) -> None:
        import asyncio

        from desa_web.engines.sync.client import Client

        allowed = self._site.config.flag("allow_private_sources")
        agent = f"desa-web/{__version__}"
        async with Client(allow_private=allowed, agent=agent, clock=self._site.clock) as client:
            await asyncio.gather(*(self._tell(client, *one) for one in ready))

    async def _tell(self, client: Client, source_id: str, address: str) -> None:
        from desa_web.engines.sync.client import Unreachable

        try:
            is_told = await tell(self._site, client, source_id, address)
        except Unreachable as error:
            logger.info("receipts to %s: %s", address, error.reason)
            is_told = False
        if is_told:
            self._waits.pop(source_id, None)
            return
        wait_s = self._waits.get(source_id, (0.0, _FIRST_WAIT_S))[1]
        at_s = self._site.clock.monotonic_s() + wait_s
        self._waits[source_id] = (at_s, min(wait_s * 2, _LONGEST_WAIT_S))


async def tell(site: Site, client: Client, source_id: str, address: str) -> bool:
    """Post one page of receipts; True when the village holds it now. Raises Unreachable."""
    born, n = receipts.told(site, source_id)
    page = receipts.letter(site, source_id, born, n)
    if not page:
        return False
    answer = await client.send(
        "POST", f"{address}/sync/v1/receipts", page,
        headers={"Content-Type": "application/x-ndjson"}, max_bytes=4096, timeout_s=_TIMEOUT_S,
    )  # fmt: skip
    try:
        said = json.loads(answer.body.decode())
        holds = int(said["born"]), int(said["n"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    receipts.heard(site, source_id, *holds)
    return receipts.told(site, source_id) > (born, n)


def followers(site: Site) -> list[Poster]:
    """Return the follower of a hub; it does nothing at a village (the adapter "followers")."""
    return [Poster(site)] if site.config.text("role") == "hub" else []
