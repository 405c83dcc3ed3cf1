"""A pull takes what is new and no more, survives liars and restores, and says what it found."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.errors import DiskFull
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Outcome, Problem, Receiver, Resume, log
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.line import Trailer
from desa_web.engines.sync.pull import Pulled, card_of, pull
from desa_web.engines.sync.unreachable import Reason, Unreachable
from desa_web.features.sync import service as sync
from tests.harness.lying_site import LyingSite, Say, always, answer, honest
from tests.harness.site import clock_of, make_site
from tests.harness.sync import Village, grown, seen

T = TypeVar("T")
HTML = b"<!doctype html><title>Masuk Wi-Fi</title>"


class Hub:
    """A hub that pulls from one address; keeps what was asked."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.receiver = Receiver(site)
        self.requests: list[str] = []

    def take(self, source: str, data: bytes) -> Outcome:
        return self.receiver.receive(source, data, is_live=True)

    def pull(self, say: Say, **options: Any) -> Pulled:
        async def run() -> Pulled:
            async with LyingSite(say) as lying, Client(allow_private=True, stall_s=0.3) as client:
                chosen = {"resume": self.receiver.resume, "take": self.take, **options}
                found = await pull(client, lying.url, **chosen)
                self.requests = lying.requests
                return found

        with self.site.bound():
            return asyncio.run(run())

    def seen(self, source: str) -> dict[str, str]:
        with self.site.bound():
            return seen(self.receiver, source)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = make_site(tmp_path / "hub")
    yield Hub(made)
    made.close()


def asked(say: Say, use: Callable[[Client, str], Awaitable[T]]) -> T:
    async def run() -> T:
        async with LyingSite(say) as lying, Client(allow_private=True, stall_s=0.3) as client:
            return await use(client, lying.url)

    return asyncio.run(run())


def as_site(say_changes: Say, site: Site) -> Say:
    """The site's own card, and a lie about its changes."""
    own = honest(site)
    return lambda request: own(request) if "/.well-known/" in request else say_changes(request)


def test_a_card_says_who_answers(site: Site) -> None:
    village = grown(site)
    sync.rotate(operator(site))
    card = asked(honest(site), lambda client, url: card_of(client, f"{url}/berita/?x=1"))
    assert card.site == village.name
    assert len(card.keys) == 2
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", card.address)
    assert card.program.startswith("desa-web ")


def test_a_card_that_does_not_fit_its_keys_is_nobody(site: Site) -> None:
    grown(site)
    sync.rotate(operator(site))
    card = json.loads(honest(site)("GET /.well-known/desa HTTP/1.1\r\n\r\n").split(b"\r\n\r\n")[1])
    first, second = card["keys"]
    lies: list[Any] = [
        {**card, "site": "a" * 26}, {**card, "site": 7}, {**card, "keys": []},
        {**card, "keys": [second]}, {**card, "keys": [first, {**second, "endorsement": "00"}]},
        {**card, "keys": [first, {**second, "key": "11" * 32}]}, {**card, "keys": "x"}, [card], 5,
    ]  # fmt: skip
    bodies = [json.dumps(lie).encode() for lie in lies] + [HTML, b"", b"[" * 60_000, b"\xff"]
    for body in bodies:

        async def use(client: Client, url: str) -> Unreachable:
            with pytest.raises(Unreachable) as caught:
                await card_of(client, url)
            return caught.value

        assert asked(always(answer(body)), use).reason is Reason.STRANGER, body[:80]


def test_the_first_pull_takes_everything_and_the_next_one_nothing(site: Site, hub: Hub) -> None:
    village = grown(site)
    first = hub.pull(honest(site))
    assert (first.site, first.is_end, first.unchanged) == (village.name, True, False)
    assert first.accepted == len(village.lines())
    assert hub.seen(village.name) == village.truth()
    again = hub.pull(honest(site), name=village.name)
    assert (again.accepted, again.pages, again.is_end, again.unchanged) == (0, 0, True, True)
    assert len(hub.requests) == 1
    assert "have=" not in hub.requests[0]


def test_a_poll_without_news_asks_the_database_nothing(site: Site, hub: Hub) -> None:
    village = grown(site)
    hub.pull(honest(site))
    with hub.site.bound():
        heads = hub.receiver.etags([village.name, "x" * 26])
    assert list(heads) == [village.name]

    def no_resume(source: str) -> Resume:
        raise AssertionError(source)

    polled = hub.pull(
        honest(site), name=village.name, etag=heads[village.name], resume=no_resume, take=None
    )
    assert (polled.is_end, polled.unchanged, polled.failure) == (True, True, None)


def test_only_what_is_new_is_sent_and_a_long_log_comes_in_pages(site: Site, hub: Hub) -> None:
    village = grown(site)
    hub.pull(honest(site))
    village.put("baru", "Kabar baru")
    village.follow()
    news = hub.pull(honest(site), name=village.name)
    assert (news.accepted, news.pages) == (1, 1)
    for n in range(450):
        village.put(f"m{n}", f"Kabar {n}")
    village.follow()
    more = hub.pull(honest(site), name=village.name)
    assert (more.accepted, more.pages, more.is_end) == (450, 3, True)
    assert hub.seen(village.name) == village.truth()
    assert not [request for request in hub.requests if "have=" in request]


def test_pages_end_at_the_callers_limit_and_go_on_next_time(site: Site, hub: Hub) -> None:
    village = Village(site).follow()
    for n in range(450):
        village.put(f"m{n}", f"Kabar {n}")
    village.follow()
    part = hub.pull(honest(site), max_pages=1)
    assert (part.pages, part.is_end, part.problem, part.failure) == (1, False, None, None)
    rest = hub.pull(honest(site), name=village.name)
    assert part.accepted + rest.accepted == len(village.lines())


def test_a_restored_village_is_followed_into_its_new_epoch(site: Site, hub: Hub) -> None:
    """The hub holds lines that the backup forgot: asked by its head 409, by points it goes on."""
    village = grown(site)
    kept = village.everything()
    with hub.site.bound():
        hub.receiver.receive(village.name, kept)
    head = log.head(site)
    village.put("hilang", "Sesudah cadangan")
    village.follow()
    hub.pull(honest(site), name=village.name)
    assert head is not None
    with db.write(site.database):
        db.execute(site.database, "DELETE FROM sync_line WHERE seq > ?", head.point.seq)
        db.execute(
            site.database, "UPDATE sync_head SET seq = ?, hash = ?", head.point.seq,
            head.point.hash,
        )  # fmt: skip
        writer = log.Writer.open(site, KeyRing(site.data / "keys"))
        assert writer is not None
        writer.open_epoch()
        writer.move_to(journal.head(site))
    pulled = hub.pull(honest(site), name=village.name)
    assert (pulled.is_end, pulled.problem, pulled.failure, pulled.accepted) == (
        True, None, None, 1,
    )  # fmt: skip
    assert ["have=" in request for request in hub.requests] == [False, True]
    with hub.site.bound():
        assert hub.receiver.shelf.lost(village.name) == [("note", "hilang")]


def test_a_village_that_began_anew_is_no_silent_loss(site: Site, hub: Hub) -> None:
    village = grown(site)
    hub.pull(honest(site))
    with db.write(site.database):
        log.abandon(site)
        log.begin(site, KeyRing(site.data / "keys"))
    pulled = hub.pull(honest(site), name=village.name)
    assert (pulled.problem, pulled.is_end) == (Problem.RESTARTED, False)
    assert hub.seen(village.name) == village.truth()


def test_a_village_that_lost_its_database_goes_on_from_its_witness(site: Site, hub: Hub) -> None:
    village = grown(site)
    hub.pull(honest(site))
    head = log.head(site)
    assert head is not None
    with db.write(site.database):
        log.abandon(site)
        writer = log.begin(site, KeyRing(site.data / "keys"), head.point)
        writer.move_to(journal.head(site))
    pulled = hub.pull(honest(site), name=village.name)
    assert (pulled.is_end, pulled.problem, pulled.accepted) == (True, None, 1)
    assert "have=" in hub.requests[1]
    assert "have=" not in hub.requests[2]


def test_a_line_that_nobody_ever_held_is_no_silent_loss_either(site: Site, hub: Hub) -> None:
    """Lines that never arrived are gone with the village's database: a person has to know."""
    village = grown(site)
    hub.pull(honest(site))
    village.put("tak-terkirim", "x")
    village.follow()
    head = log.head(site)
    assert head is not None
    with db.write(site.database):
        log.abandon(site)
        log.begin(site, KeyRing(site.data / "keys"), head.point)
    pulled = hub.pull(honest(site), name=village.name)
    assert pulled.problem is Problem.RESTARTED


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(HTML, kind="text/html"), Reason.STRANGER),
        (answer(HTML, kind=""), Reason.STRANGER),
        (answer(b"", 304, kind=""), Reason.STRANGER),
        (answer(b"", 204), Reason.CUT),
        (answer(b"", 409), Reason.STRANGER),
        (answer(b"", 404), Reason.GONE),
        (answer(b"", 410), Reason.GONE),
        (answer(b"", 429, {"Retry-After": "77"}), Reason.BUSY),
        (answer(b"", 503, {"Retry-After": "77"}), Reason.BUSY),
        (answer(b"", 500), Reason.FAILED),
        (answer(b"", 302, {"Location": "http://127.0.0.1:9/login"}), Reason.CLOSED),
        (b"", Reason.CUT),
        (b"HTTP/1.1 200 OK\r\n", Reason.CUT),
        (answer(), Reason.CUT),
    ],
)
def test_what_is_no_log_changes_nothing(site: Site, hub: Hub, said: bytes, reason: Reason) -> None:
    grown(site)
    pulled = hub.pull(as_site(lambda _request: said, site))
    assert pulled.failure is not None
    assert (pulled.failure.reason, pulled.accepted, pulled.is_end) == (reason, 0, False)
    assert pulled.failure.retry_after_s == (77 if reason is Reason.BUSY else 0)
    assert len(hub.requests) <= 4


def test_a_wifi_page_for_every_address_is_named(hub: Hub) -> None:
    pulled = hub.pull(lambda _request: answer(HTML, kind="text/html"))
    assert pulled.failure is not None
    assert (pulled.failure.reason, pulled.site) == (Reason.STRANGER, "")
    assert "Wi-Fi" in pulled.failure.message


def page(lines: list[bytes], *, more: bool = False, n: int | None = None) -> bytes:
    trailer = Trailer(len(lines) if n is None else n, more)
    return answer(b"".join(lines) + trailer.wire())


def test_a_liar_makes_nobody_ask_for_ever(site: Site, hub: Hub, tmp_path: Path) -> None:
    village = grown(site)
    lines = village.lines()
    other = make_site(tmp_path / "lain")
    with other.bound():
        foreign = grown(other).lines()
    other.close()
    spoiled = [*lines[:3], lines[3].replace(b"Kabar", b"Kabat"), *lines[4:]]
    lies: list[tuple[bytes, Problem | Reason]] = [
        (page(lines[9:12]), Problem.NOT_A_LINE),
        (page([], more=True), Problem.NOT_A_LINE),
        (page(lines[:4], more=True), Problem.NOT_A_LINE),
        (page(lines, n=1), Problem.NOT_A_LINE),
        (page(lines[5:9], more=True), Problem.NOT_A_LINE),
        (page(spoiled), Problem.BAD_SIGNATURE),
        (page(foreign), Problem.OTHER_SITE),
        (page([b"\n"] * 50), Problem.NOT_A_LINE),
        (answer(b"{" * 100_000), Reason.CUT),
        (answer(b"x" * (5 << 20)), Reason.TOO_LARGE),
    ]
    for said, expected in lies:
        pulled = hub.pull(as_site(always(said), site))
        found = pulled.problem or (pulled.failure and pulled.failure.reason)
        assert (found, pulled.is_end) == (expected, False), said[:60]
        assert len(hub.requests) <= 5, said[:60]
    with hub.site.bound():
        taken = hub.receiver.shelf.view(village.name)
        bodies = {line.split(b"\t")[0].decode() for line in lines}
        assert {held.body for held in taken.values()} <= bodies
    rest = hub.pull(honest(site), name=village.name)
    assert (rest.is_end, rest.problem) == (True, None)
    assert hub.seen(village.name) == village.truth()


def test_a_line_spoiled_on_the_way_is_asked_for_once_more(site: Site, hub: Hub) -> None:
    village = grown(site)
    own = honest(site)
    left = [1]

    def say(request: str) -> bytes:
        said = own(request.replace("Accept-Encoding: gzip", "X: y"))
        if "/changes" in request and left:
            left.pop()
            return said.replace(b"Kabar 7", b"Kabar 9", 1)
        return said

    pulled = hub.pull(say)
    assert (pulled.is_end, pulled.problem, pulled.failure) == (True, None, None)
    assert hub.seen(village.name) == village.truth()


def test_a_cut_page_leaves_its_whole_lines_and_goes_on_in_small_pages(site: Site, hub: Hub) -> None:
    village = grown(site)
    own = honest(site)
    left = [1]

    def say(request: str) -> bytes:
        said = own(request)
        if "/changes" in request and left:
            left.pop()
            return said[: len(said) // 2]
        return said

    pulled = hub.pull(say)
    assert (pulled.is_end, pulled.pages, pulled.failure) == (True, 2, None)
    assert pulled.accepted == len(village.lines())
    assert ["max=32768" in r for r in hub.requests if "/changes" in r] == [False, True]
    small = hub.pull(own, name=village.name, is_small=True)
    assert small.unchanged
    assert "max=32768" in hub.requests[0]


def test_a_page_that_claims_to_be_whole_and_is_not_is_a_cut(site: Site, hub: Hub) -> None:
    """A proxy that gives up in the middle and calls it 200 with a length that fits."""
    village = grown(site)
    lines = village.lines()
    own = honest(site)
    left = [1]

    def say(request: str) -> bytes:
        if "/changes" in request and left:
            left.pop()
            return answer(b"".join(lines[:7]) + lines[7][:40])
        return own(request)

    pulled = hub.pull(say)
    assert (pulled.is_end, pulled.accepted) == (True, len(lines))


def test_pages_twice_shuffled_and_from_last_week_change_nothing(site: Site, hub: Hub) -> None:
    village = grown(site)
    old = page(village.lines())
    hub.pull(honest(site))
    village.take(next(iter(village.truth())))
    village.put("baru", "x")
    village.follow()
    lines = village.lines()
    for said in (old, page(lines), page(lines[::-1]), page(lines * 2), old):
        hub.pull(as_site(always(said), site), name=village.name)
    last = hub.pull(honest(site), name=village.name)
    assert (last.is_end, last.problem) == (True, None)
    assert hub.seen(village.name) == village.truth()


def test_what_the_taker_raises_reaches_the_caller(site: Site, hub: Hub) -> None:
    grown(site)

    def full(source: str, data: bytes) -> Outcome:
        raise DiskFull("penuh")

    with pytest.raises(DiskFull):
        hub.pull(honest(site), take=full)


@pytest.mark.parametrize("years", [-60, -10, 10, 60])
def test_a_wrong_clock_at_the_hub_loses_nothing(site: Site, tmp_path: Path, years: int) -> None:
    village = grown(site)
    made = make_site(tmp_path / "hub")
    hub = Hub(made)
    clock_of(made).advance(days=365 * years)
    assert hub.pull(honest(site)).is_end
    assert hub.seen(village.name) == village.truth()
    clock_of(made).advance(days=-365 * years)
    assert hub.pull(honest(site), name=village.name).unchanged
    made.close()
