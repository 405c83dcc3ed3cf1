"""Receipts posted to a village that is reached: by its hub alone, soon, and without hammering."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.features.hub import receipts, sources
from desa_web.features.hub.receipts_post import Poster
from desa_web.features.sync import hubs
from desa_web.features.sync import receipts as heard
from tests.harness.hub import Desa, make_hub, serving_villages
from tests.harness.pairing import pair
from tests.harness.site import clock_of


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Desa, str]]:
    """A hub in this process, a village behind its real server, and the village's source."""
    folder = tmp_path_factory.mktemp("kabar")
    hub, desa = make_hub(folder / "hub"), Desa.make(folder / "desa")
    with serving_villages([desa], {"DESA_FOLLOW": "0"}):
        source_id, token = pair(hub, desa.site)
        with hub.bound():
            sources.change(operator(hub), source_id, address=desa.url)
            own = log.head(hub)
        assert own is not None
        with desa.site.bound(), db.write(desa.site.database):
            hubs.begin(
                desa.site, own.site, name="Media Center", address="http://127.0.0.1:9",
                token=token, state="paired",
            )  # fmt: skip
        yield hub, desa, source_id
    hub.close()
    desa.site.close()


def say(hub: Site, source_id: str, object_id: str, status: str) -> None:
    with journal.change(operator(hub)):
        receipts.say(source_id, object_id, 1, status)  # type: ignore[arg-type]


def words(desa: Desa) -> dict[str, str]:
    with desa.site.bound():
        return {word.object_id: word.status for word in heard.newest(desa.site, 100)}


def test_a_decision_is_at_the_village_before_it_asks(served: tuple[Site, Desa, str]) -> None:
    hub, desa, source_id = served
    with hub.bound():
        poster = Poster(hub)
        say(hub, source_id, "a", "accepted")
        say(hub, source_id, "b", "returned")
        poster.idle()
        assert words(desa).items() >= {"a": "accepted", "b": "returned"}.items()
        assert list(receipts.untold(hub)) == []
        say(hub, source_id, "a", "published")
        poster.idle()
        assert words(desa)["a"] == "accepted", "it looks every two seconds"
        clock_of(hub).advance(seconds=3)
        poster.idle()
    assert words(desa)["a"] == "published"


def test_a_village_that_is_away_is_tried_ever_more_seldom(
    served: tuple[Site, Desa, str],
) -> None:
    hub, desa, source_id = served
    with hub.bound():
        sources.change(operator(hub), source_id, address="http://127.0.0.1:9")
        say(hub, source_id, "c", "accepted")
        poster, tried = Poster(hub), []
        for second in range(0, 600, 3):
            before = dict(poster._waits)
            poster.idle()
            if poster._waits != before:
                tried.append(second)
            clock_of(hub).advance(seconds=3)
        assert tried == [0, 60, 180, 420]
        sources.change(operator(hub), source_id, address=desa.url)
        clock_of(hub).advance(seconds=600)
        poster.idle()
    assert words(desa)["c"] == "accepted"


def post(desa: Desa, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(desa.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("POST", "/sync/v1/receipts", body)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def test_only_our_own_hub_is_heard(served: tuple[Site, Desa, str], tmp_path: Path) -> None:
    hub, desa, source_id = served
    with hub.bound():
        say(hub, source_id, "d", "accepted")
        page = receipts.letter(hub, source_id, 0, 0)
    before = words(desa)
    other = make_hub(tmp_path / "lain")
    other_id, _token = pair(other, desa.site)
    with other.bound():
        say(other, other_id, "d", "returned")
        forged = receipts.letter(other, other_id, 0, 0)
    for body in (b"", b"{}", b"\n", forged, page[:-5], page.replace(b"accepted", b"returned")):
        status, said = post(desa, body)
        assert status == 422, (status, said)
    assert post(desa, b"x" * (2 << 20))[0] == 413
    assert words(desa) == before
    assert post(desa, page)[0] == 200
    assert words(desa)["d"] == "accepted"
    with desa.site.bound():
        known = hubs.current(desa.site)
        assert known is not None
        hubs.store(desa.site, known.site, state="ended")
        assert post(desa, page)[0] == 422
        hubs.store(desa.site, known.site, state="paired")
    other.close()
