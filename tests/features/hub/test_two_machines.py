"""Two machines collect for one hub on PostgreSQL: each source is asked by one of them, and when one
dies the other takes over what it held."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.site import Site, open_site
from desa_web.features.hub import collect, items, sources
from desa_web.features.hub.source import Source, Trust
from desa_web.features.news.models import ArticleRow
from tests.harness.hub import Desa, Servers, is_gone, kill, make_hub, serving_villages, view
from tests.harness.postgres import Postgres
from tests.harness.site import clock_of

pytestmark = pytest.mark.postgres
VILLAGES = 8


@dataclass
class World:
    hub: Site
    other: Path
    villages: list[Desa]
    sources: list[Source]
    servers: Servers

    def news(self, rnd: random.Random) -> None:
        for desa in self.villages:
            desa.publish(f"Kabar {rnd.getrandbits(40)}")
            desa.follow()

    def expire_leases(self) -> None:
        """Ten minutes later: leases of whoever died have run out, and all is due."""
        with self.hub.bound(), db.write(self.hub.database):
            sql = "UPDATE hub_poll SET next_at = 1, lease_until = 1"
            db.execute(self.hub.database, sql)

    def expect_truth(self) -> None:
        for desa, source in zip(self.villages, self.sources, strict=True):
            assert view(self.hub, source) == desa.truth()
        with self.hub.bound():
            shown = ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False)).count()
            assert shown == sum(len(desa.truth()) for desa in self.villages)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mesin")
    villages = [Desa.make(folder / f"desa{n}") for n in range(VILLAGES)]
    for n, desa in enumerate(villages):
        desa.photo_seed = 50_000 * (n + 1)
        desa.publish("Kabar pertama")
        desa.follow()
    with postgres.fresh_url() as url:
        hub = make_hub(folder / "hub", database_url=url)
        # The second machine: a folder of its own, the same database.
        shutil.copytree(hub.path, folder / "kedua")
        with serving_villages(villages, {"DESA_FOLLOW": "false"}) as servers:
            known = [desa.known_to(hub) for desa in villages]
            with hub.bound():
                for source in known:
                    sources.trust(operator(hub), source.id, Trust.AUTO)
            yield World(hub, folder / "kedua", villages, known, servers)
        hub.close()
    for desa in villages:
        desa.site.close()


def test_two_pullers_share_the_sources_and_nothing_comes_twice(world: World) -> None:
    world.news(random.Random(99))
    world.expire_leases()
    both = [world.servers.pull(folder, is_due=True) for folder in (world.hub.path, world.other)]
    for pid in both:
        assert is_gone(pid, timeout_s=60)
    world.expect_truth()
    with world.hub.bound():
        everything = sum(len(desa.truth()) for desa in world.villages)
        assert items.counts()[items.Shelf.PUBLISHED] == everything
        rows = db.execute(world.hub.database, "SELECT DISTINCT lease_owner FROM hub_poll")
        assert rows.fetchall() == [("",)]


@pytest.mark.parametrize("seed", range(4))
def test_what_a_killed_machine_held_is_taken_over_by_the_other(world: World, seed: int) -> None:
    rnd = random.Random(seed)
    world.news(rnd)
    world.expire_leases()
    first = world.servers.pull(world.hub.path, is_due=True)
    second = world.servers.pull(world.other, is_due=True)
    if not is_gone(first, timeout_s=rnd.uniform(0.05, 0.4)):
        kill(first)
    assert is_gone(second, timeout_s=60)
    world.expire_leases()
    heir = open_site(world.other, clock_of(world.hub))
    with heir.bound():
        assert collect.run(heir, is_due=True).failed == 0
    heir.close()
    world.expect_truth()
