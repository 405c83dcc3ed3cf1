"""A real village behind a bad net: cut, reset, stalled and spoiled at every byte of a pull.

Each time the hub begins with nothing. However a pull ends, only lines that the village signed are
here; and when it says that it is at the end, all of them are.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from desa_web.core import db
from desa_web.core.site import Site
from desa_web.engines.sync import Outcome, Receiver, log
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.pull import Pulled, pull
from desa_web.engines.sync.unreachable import Reason
from tests.harness.bad_net import BadNet
from tests.harness.site import make_site, serving
from tests.harness.sync import Village


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Village, int]]:
    """A village with a small log, behind its real server; gives it and the server's port."""
    site = make_site(tmp_path_factory.mktemp("desa"), options={"follow": False})
    with site.bound():
        made = Village(site).follow()
        for n in range(3):
            made.put(f"n{n}", f"Kabar {n} 🌾 " + "isi " * n)
        made.take("n1")
        made.follow()
    with serving(site) as url:
        port = urlsplit(url).port
        assert port is not None
        yield made, port
    site.close()


class Hub:
    """A hub that forgets everything when it is told to."""

    def __init__(self, site: Site, source: str, lines: list[bytes]) -> None:
        self.site = site
        self.source = source
        self.receiver = Receiver(site)
        self.lines = lines
        self.told: list[object] = []

    def forget(self) -> None:
        with db.write(self.site.database):
            for table in ("sync_parked", "sync_received", "sync_source", "sync_evidence"):
                db.execute(self.site.database, f"DELETE FROM {table}")
        self.told = []

    def take(self, source: str, data: bytes) -> Outcome:
        outcome = self.receiver.receive(source, data, is_live=True)
        self.told += [accepted.point for accepted in outcome.accepted]
        return outcome

    async def pull(self, net: BadNet, **options: Any) -> Pulled:
        """Pull as a puller that starts now: no connection of an earlier one is left."""
        async with Client(allow_private=True, **options) as client:
            return await pull(
                client, net.url, name=self.source, resume=self.receiver.resume, take=self.take
            )

    def check(self, pulled: Pulled) -> None:
        """Nothing foreign is here, nothing came twice, and an end is the end."""
        sql = "SELECT body FROM sync_received WHERE site = ? ORDER BY number"
        kept = [row[0].encode() for row in db.execute(self.site.database, sql, self.source)]
        bodies = [line.partition(b"\t")[0] for line in self.lines]
        assert kept == bodies[: len(kept)]
        assert len(set(self.told)) == len(self.told) == len(kept)
        if pulled.is_end:
            assert kept == bodies


@pytest.fixture
def hub(village: tuple[Village, int], tmp_path: Path) -> Iterator[Hub]:
    site = make_site(tmp_path)
    with site.bound():
        made = village[0]
        with made.site.bound():
            name, lines = made.name, made.lines()
        yield Hub(site, name, lines)
    site.close()


async def whole_answer(net: BadNet, hub: Hub) -> int:
    """Pull once without a fault; return how many bytes the answer has, headers included."""
    net.strike(times=0)
    pulled = await hub.pull(net)
    assert pulled.is_end
    hub.check(pulled)
    return net.down


def test_a_pull_goes_on_after_a_cut_at_every_byte(village: tuple[Village, int], hub: Hub) -> None:
    """One connection dies: the same pull asks again, and has everything at its end."""

    async def run() -> None:
        async with BadNet(village[1]) as net:
            size = await whole_answer(net, hub)
            assert size > 900
            for at in range(size):
                hub.forget()
                net.strike(cut_after=at)
                net.is_reset = bool(at % 3 == 0)
                pulled = await hub.pull(net)
                assert (pulled.is_end, pulled.failure, pulled.problem) == (True, None, None), at
                assert net.times == 0
                hub.check(pulled)

    asyncio.run(run())


def test_where_every_connection_is_cut_the_next_pull_still_gets_further(
    village: tuple[Village, int], hub: Hub
) -> None:
    """A line that dies after the same number of bytes each time brings what fits into them."""

    async def run() -> None:
        async with BadNet(village[1]) as net:
            size = await whole_answer(net, hub)
            for at in range(0, size, 41):
                hub.forget()
                net.strike(cut_after=at, times=10**6)
                pulled = await hub.pull(net)
                hub.check(pulled)
                assert pulled.is_end or pulled.failure is not None
                if pulled.failure is not None:
                    assert pulled.failure.reason is Reason.CUT
                net.strike(times=0)
                pulled = await hub.pull(net)
                assert pulled.is_end, at
                hub.check(pulled)

    asyncio.run(run())


def test_a_stall_anywhere_ends_and_keeps_what_came(village: tuple[Village, int], hub: Hub) -> None:
    async def run() -> None:
        async with BadNet(village[1]) as net:
            net.strike(times=0)
            size = 0
            for _n in range(20):
                hub.forget()
                if (await hub.pull(net, stall_s=0.02)).is_end:
                    size = net.down
                    break
            assert size > 900
            for at in range(0, size, 37):
                hub.forget()
                net.strike(stall_after=at)
                pulled = await hub.pull(net, stall_s=0.02)
                assert net.times == 0
                hub.check(pulled)
                if not pulled.is_end:
                    assert pulled.failure is not None
                    assert pulled.failure.reason in (Reason.SLOW, Reason.CUT), at

    asyncio.run(run())


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
def test_a_flipped_bit_at_any_byte_is_never_taken(
    village: tuple[Village, int], hub: Hub, step: int
) -> None:
    """Header or body: what is kept is what was signed, and the next pull has it all."""

    async def run() -> None:
        async with BadNet(village[1]) as net:
            size = await whole_answer(net, hub)
            for at in range(0, size, step):
                hub.forget()
                net.strike(flip=at)
                pulled = await hub.pull(net, stall_s=0.3)
                assert net.times == 0
                hub.check(pulled)
                if not pulled.is_end:
                    net.strike(times=0)
                    pulled = await hub.pull(net, stall_s=0.3)
                    assert (pulled.is_end, pulled.problem) == (True, None), at
                    hub.check(pulled)

    asyncio.run(run())


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_schedules_of_faults_end_in_the_whole_log(village: tuple[Village, int], hub: Hub) -> None:
    """Ten thousand seeded runs of cuts, resets, flips and stalls, one after the other."""

    async def run() -> None:
        async with BadNet(village[1]) as net:
            size = await whole_answer(net, hub)
            for seed in range(10_000):
                rnd = random.Random(seed)
                hub.forget()
                for _round in range(6):
                    fault = rnd.choice(["cut_after", "flip", "cut_after", "flip", "stall_after"])
                    at = rnd.randrange(size)
                    net.is_reset = rnd.random() < 0.5
                    net.strike(**{fault: at}, times=rnd.randint(1, 3))
                    hub.check(await hub.pull(net, stall_s=0.05))
                net.strike(times=0)
                pulled = await hub.pull(net)
                assert (pulled.is_end, pulled.problem) == (True, None), seed
                hub.check(pulled)

    asyncio.run(run())


def test_the_head_of_the_log_is_the_head_of_the_hub(village: tuple[Village, int], hub: Hub) -> None:
    """The harness itself: without faults both ends hold the same point."""

    async def run() -> None:
        async with BadNet(village[1]) as net:
            await whole_answer(net, hub)

    asyncio.run(run())
    with village[0].site.bound():
        last = log.head(village[0].site)
    assert last is not None
    assert hub.receiver.shelf.source(hub.source).head == last.point


def test_a_poll_without_news_is_at_most_260_bytes(village: tuple[Village, int], hub: Hub) -> None:
    """Request and answer together, headers included, as the real server sends them."""

    async def run() -> int:
        async with BadNet(village[1]) as net:
            await whole_answer(net, hub)
            assert (await hub.pull(net)).unchanged
            return net.up + net.down

    assert 200 < asyncio.run(run()) <= 260
