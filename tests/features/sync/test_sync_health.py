"""A hub that has not answered for days is said in the health lines, before anybody asks."""

from __future__ import annotations

from desa_web.core import db
from desa_web.core.checks import Level
from desa_web.core.site import Site
from desa_web.features.sync import hubs
from desa_web.features.sync.checks import hub_hears
from tests.harness.site import clock_of


def test_silence_of_three_days_is_a_warning(site: Site) -> None:
    assert list(hub_hears(site)) == []
    with db.write(site.database):
        now_ms = clock_of(site).at_ms
        hubs.begin(
            site, "a" * 26, name="Media Center", address="https://hub.go.id", token="t",
            state="paired", paired_at=now_ms, sent_at=now_ms,
        )  # fmt: skip
    [found] = hub_hears(site)
    assert found.level is Level.GOOD
    hubs.store(site, "a" * 26, error="Server tidak menjawab.", failures=3)
    clock_of(site).advance(days=2)
    assert [f.level for f in hub_hears(site)] == [Level.GOOD]
    clock_of(site).advance(days=2)
    [found] = hub_hears(site)
    assert found.level is Level.WARNING
    assert "4 hari" in found.sentence
    assert "tidak menjawab" in found.sentence
    hubs.store(site, "a" * 26, is_paused=1)
    assert list(hub_hears(site)) == []
