"""A hub and twenty villages, each behind its own real server: after each round the hub's view is
the villages' truth, and each change was applied once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desa_web.core import due
from desa_web.core.actor import operator
from desa_web.core.clock import as_utc
from desa_web.core.site import Site
from desa_web.features import due_handlers
from desa_web.features.hub import collect, inbox, items, sources
from desa_web.features.hub.source import Source
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.news.models import ArticleRow
from desa_web.features.news.workflow import Op
from tests.harness.hub import Desa, Servers, make_hub, serving_villages, view
from tests.harness.site import clock_of

VILLAGES = 20


@dataclass
class World:
    hub: Site
    villages: list[Desa]
    sources: list[Source]
    servers: Servers

    def pull(self) -> collect.Report:
        with self.hub.bound():
            return collect.run(self.hub, is_due=False)

    def catch_up(self) -> None:
        """Let every village's log speak of all that happened there."""
        for desa in self.villages:
            desa.follow()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("dunia")
    villages = [Desa.make(folder / f"desa{n}") for n in range(VILLAGES)]
    hub = make_hub(folder / "hub")
    for n, desa in enumerate(villages):
        desa.photo_seed = 1000 * (n + 1)
        desa.follow()
    with serving_villages(villages, {"DESA_FOLLOW": "false"}) as servers:
        known = [desa.known_to(hub) for desa in villages]
        yield World(hub, villages, known, servers)
    for site in (hub, *(desa.site for desa in villages)):
        site.close()


def test_after_each_round_the_hubs_view_is_the_villages_truth(world: World) -> None:
    villages = world.villages
    published = [[desa.publish(f"Kabar {n}") for n in range(5)] for desa in villages]
    expect_truth(world, changes=5 * VILLAGES)
    with world.hub.bound():
        for source in world.sources:
            for item in items.listing(items.Shelf.NEW, source_id=source.id)[:3]:
                inbox.publish(operator(world.hub), item.id)
    for desa, ids in zip(villages, published, strict=True):
        desa.edit(ids[0], title="Kabar yang dibetulkan")
        desa.edit(ids[1], body="<p>Lebih panjang.</p>")
    expect_truth(world, changes=2 * VILLAGES)
    for desa, ids in zip(villages, published, strict=True):
        desa.move(ids[2], f"alamat-baru-{ids[2][-6:]}")
        desa.withdraw(ids[1])
    expect_truth(world, changes=2 * VILLAGES)
    for desa, ids in zip(villages, published, strict=True):
        desa.delete(ids[3])
        desa.erase(ids[4])
    # Deleting is withdrawing first.
    expect_truth(world, changes=3 * VILLAGES)
    for desa, ids in zip(villages, published, strict=True):
        desa.edit(ids[1], title="Terbit lagi")
        photo = desa.add_photo()
        desa.edit(ids[0], lead_photo_id=photo)
    report = expect_truth(world, changes=2 * VILLAGES)
    assert report.photos == VILLAGES
    late = [publish_before_its_photo_is_there(desa) for desa in villages]
    planned = [plan(desa, "Baru nanti") for desa in villages]
    report = expect_truth(world, changes=VILLAGES)
    assert report.photos == 0
    for desa, (photo_id, aside) in zip(villages, late, strict=True):
        aside.rename(desa.master(photo_id))
        desa.describe(photo_id, caption="Foto menyusul.")
    report = expect_truth(world, changes=VILLAGES)
    assert report.photos == VILLAGES
    for desa in villages:
        clock_of(desa.site).advance(seconds=3601)
        with desa.site.bound():
            due.tick(desa.site, due_handlers(desa.site))
    expect_truth(world, changes=VILLAGES)
    with world.hub.bound():
        shown = [s for s in world.sources if _titles(s.id) >= {"Baru nanti"}]
    assert len(shown) == len(planned)
    nothing = world.pull()
    assert (nothing.asked, nothing.failed, nothing.accepted) == (VILLAGES, 0, 0)


def publish_before_its_photo_is_there(desa: Desa) -> tuple[str, Path]:
    """Publish with a photo whose file is still being made; return it and where its file waits."""
    photo_id = desa.add_photo()
    aside = desa.site.path / "belum-jadi"
    desa.master(photo_id).rename(aside)
    desa.publish("Foto belum siap", lead_photo_id=photo_id)
    desa.follow()
    return photo_id, aside


def plan(desa: Desa, title: str) -> str:
    """Write an article that is to appear in an hour."""
    with desa.site.bound():
        made = news.create(desa.actor, Text(title=title, body="<p>Nanti.</p>"))
        news.act(desa.actor, Op.SUBMIT, made.id)
        news.act(desa.actor, Op.APPROVE, made.id)
        at = as_utc(desa.site.clock.now_ms() + 3_600_000)
        news.act(desa.actor, Op.SCHEDULE, made.id, at=at)
    return made.id


def _titles(source_id: str) -> set[str]:
    return {row.title for row in items.public_of(source_id)}


def expect_truth(world: World, *, changes: int) -> collect.Report:
    """Pull once and compare; `changes` lines must have come, each once."""
    world.catch_up()
    report = world.pull()
    assert report.failed == 0, _errors(world)
    assert report.accepted - _opening(world) == changes
    for desa, source in zip(world.villages, world.sources, strict=True):
        assert view(world.hub, source) == desa.truth()
    _expect_readers_see_only_what_is_public(world)
    return report


def _errors(world: World) -> list[str]:
    with world.hub.bound():
        return [s.poll.error for s in sources.listed(world.hub) if s.poll.error]


_opened: set[str] = set()


def _opening(world: World) -> int:
    """Return how many lines opened logs and introduced villages, the first time."""
    if str(world.hub.path) in _opened:
        return 0
    _opened.add(str(world.hub.path))
    return 2 * VILLAGES


def _expect_readers_see_only_what_is_public(world: World) -> None:
    with world.hub.bound():
        live = ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False))
        ids = [row.id for row in live]
        origins = items.of_articles(ids)
        assert len(origins) == len(ids)
        public = {row.id for source in world.sources for row in items.public_of(source.id)}
        assert {origin.item_id for origin in origins.values()} <= public
