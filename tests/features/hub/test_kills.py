"""kill -9 of the hub's puller and of villages at random moments: no divergence, nothing twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.features.hub import collect, sources
from desa_web.features.hub.source import Source, Trust
from desa_web.features.news.models import ArticleRow, RevisionRow
from tests.harness.hub import Desa, Servers, is_gone, kill, make_hub, serving_villages, view

VILLAGES = 3


@dataclass
class World:
    hub: Site
    villages: list[Desa]
    sources: list[Source]
    servers: Servers
    rnd: random.Random
    # How long a pull takes here, so that kills hit all of it.
    pull_s: float = 0.3
    kills: int = 0

    def schedule(self) -> None:
        """Change something, and pull while hub or villages are being killed."""
        for desa in self.villages:
            self.change(desa)
        down: list[Desa] = []
        for _n in range(self.rnd.randint(1, 3)):
            pid = self.servers.pull(self.hub)
            moment_s = self.rnd.uniform(0, 1.2 * self.pull_s)
            if self.rnd.random() < 0.6:
                if not is_gone(pid, timeout_s=moment_s):
                    kill(pid)
                    self.kills += 1
                continue
            victim = self.rnd.choice(self.villages)
            if victim not in down and not is_gone(pid, timeout_s=moment_s):
                self.servers.kill(victim)
                self.kills += 1
                down.append(victim)
            assert is_gone(pid, timeout_s=60)
        for desa in down:
            self.servers.start(desa)

    def change(self, desa: Desa) -> None:
        ids = sorted(desa.truth())
        what = self.rnd.randrange(6)
        word = f"Kabar {self.rnd.getrandbits(40)}"
        if what <= 2 or not ids:
            lead = desa.add_photo() if self.rnd.random() < 0.2 else ""
            desa.publish(word, lead_photo_id=lead)
        elif what == 3:
            desa.edit(self.rnd.choice(ids), title=word)
        elif what == 4:
            desa.withdraw(self.rnd.choice(ids))
        else:
            self.rnd.choice([desa.delete, desa.erase])(self.rnd.choice(ids))
        desa.follow()

    def settle(self) -> None:
        """Pull in peace, and compare what both sides hold."""
        with self.hub.bound():
            started = time.perf_counter()
            report = collect.run(self.hub, is_due=False)
            self.pull_s = min(max(time.perf_counter() - started, 0.1), 0.5)
            assert report.failed == 0, [s.poll.error for s in sources.listed(self.hub)]
        for desa, source in zip(self.villages, self.sources, strict=True):
            truth = desa.truth()
            assert view(self.hub, source) == truth
            assert self.readers(source) == {title for title, _body, _photos in truth.values()}

    def readers(self, source: Source) -> set[str]:
        """Return the titles that readers of the hub see of a village: it is trusted."""
        with self.hub.bound():
            revisions = [
                RevisionRow.get_by_id(row.live_revision_id)
                for row in ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False))
            ]
            titles = [r.title for r in revisions if r.source == source.name]
        assert len(titles) == len(set(titles))
        return set(titles)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("kills")
    villages = [Desa.make(folder / f"desa{n}") for n in range(VILLAGES)]
    hub = make_hub(folder / "hub")
    for n, desa in enumerate(villages):
        desa.photo_seed = 10_000 * (n + 1)
        desa.publish("Kabar pertama")
        desa.follow()
    with serving_villages(villages) as servers:
        known = [desa.known_to(hub) for desa in villages]
        with hub.bound():
            for source in known:
                sources.trust(operator(hub), source.id, Trust.AUTO)
        made = World(hub, villages, known, servers, random.Random(7))
        made.settle()
        yield made
    for site in (hub, *(desa.site for desa in villages)):
        site.close()


def run(world: World, seed: int, schedules: int) -> None:
    world.rnd, world.kills = random.Random(seed), 0
    for n in range(schedules):
        world.schedule()
        if n % 5 == 4:
            world.settle()
    world.settle()
    assert world.kills >= schedules // 2, "the kills came when all was over"
    with world.hub.bound():
        seqs = [s for (s,) in db.execute(world.hub.database, "SELECT seq FROM journal")]
        assert len(seqs) == journal.head(world.hub).seq
        problem = db.execute(world.hub.database, "PRAGMA integrity_check").fetchone()[0]
        assert problem == "ok"


def test_fifty_schedules_of_kills_end_in_the_truth(world: World) -> None:
    run(world, seed=20261122, schedules=50)


@pytest.mark.long
def test_five_hundred_kills_end_in_the_truth(world: World) -> None:
    for seed in range(10):
        run(world, seed=seed, schedules=50)
