"""Leases: several pullers, never one source twice, nothing lost when a puller dies."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.site import Site, open_site
from desa_web.features.hub import leases, schedule, sources
from desa_web.features.hub.leases import Result
from desa_web.features.hub.source import Kind
from tests.harness.site import clock_of

pytestmark = pytest.mark.both_databases
_MINUTE_MS = 60_000


def add_sources(hub: Site, n: int, *, hosts: int = 0) -> list[str]:
    """Add feeds without asking them; on `hosts` hosts, or each on its own."""
    made = []
    for i in range(n):
        host = f"desa{i % hosts if hosts else i}.contoh.id"
        address = f"https://{host}/feed/{i}"
        made.append(
            sources.register(operator(hub), kind=Kind.FEED, name=f"Desa {i}", address=address).id
        )
    return made


def poll(hub: Site, source_id: str) -> tuple[int, int, int, str]:
    """Return minutes until it is asked again, failures, interval, and the error's code."""
    sql = "SELECT next_at, failures, interval_s, error_code FROM hub_poll WHERE source_id = ?"
    at, failures, interval_s, code = db.execute(hub.database, sql, source_id).fetchone()
    return (at - hub.clock.now_ms()) // _MINUTE_MS, failures, interval_s, code


def test_what_one_has_leased_another_does_not_get(hub: Site) -> None:
    made = add_sources(hub, 7)
    first = leases.take(hub, "a", limit=4)
    second = leases.take(hub, "b", limit=10)
    assert (len(first), len(second)) == (4, 3)
    assert sorted([*first, *second]) == sorted(made)
    assert leases.take(hub, "c", limit=10) == []


def test_the_longest_waiting_comes_first(hub: Site) -> None:
    made = add_sources(hub, 3)
    for n, source_id in enumerate(made):
        sql = "UPDATE hub_poll SET next_at = ? WHERE source_id = ?"
        db.execute(hub.database, sql, hub.clock.now_ms() - n * 1000, source_id)
    assert leases.take(hub, "a", limit=2) == [made[2], made[1]]


def test_a_killed_pullers_sources_are_taken_over_when_its_leases_run_out(hub: Site) -> None:
    made = add_sources(hub, 3)
    leases.take(hub, "dead", limit=3)
    assert leases.take(hub, "heir", limit=3) == []
    clock_of(hub).advance(seconds=leases.LEASE_MS / 1000 + 1)
    assert sorted(leases.take(hub, "heir", limit=3)) == sorted(made)
    # He was only slow: what he has to say now does not count any more.
    leases.note(hub, "dead", [Result(source_id=made[0], error_code="lambat", error="…")])
    assert poll(hub, made[0])[1:] == (0, schedule.FIRST_S, "")


def test_a_renewed_lease_holds_on(hub: Site) -> None:
    add_sources(hub, 1)
    (leased,) = leases.take(hub, "a", limit=1)
    clock_of(hub).advance(seconds=leases.LEASE_MS / 1000 - 1)
    leases.renew(hub, "a", [leased])
    clock_of(hub).advance(seconds=60)
    assert leases.take(hub, "b", limit=1) == []


def test_one_host_is_asked_by_one_puller_at_a_time(hub: Site) -> None:
    add_sources(hub, 6, hosts=2)
    first = leases.take(hub, "a", limit=1)
    second = leases.take(hub, "b", limit=10)
    assert (len(first), len(second)) == (1, 3)
    hosts = {sources.get(hub, source_id).address.split("/")[2] for source_id in second}
    assert hosts.isdisjoint({sources.get(hub, first[0]).address.split("/")[2]})
    leases.free(hub, "b")
    assert len(leases.take(hub, "a", limit=10)) == 5


def test_paused_and_removed_sources_are_not_asked_and_come_back(hub: Site) -> None:
    made = add_sources(hub, 3)
    sources.pause(operator(hub), made[0])
    sources.remove(operator(hub), made[1])
    assert leases.take(hub, "a", limit=10) == [made[2]]
    leases.note(hub, "a", [Result(source_id=made[2])])
    sources.resume(operator(hub), made[0])
    assert leases.take(hub, "a", limit=10) == [made[0]]


def test_failures_back_off_from_five_minutes_to_a_day_and_success_forgets_them(hub: Site) -> None:
    (made,) = add_sources(hub, 1)
    expected_s = 300
    for n in range(1, 12):
        leases.take(hub, "a", limit=1, is_due=False)
        leases.note(hub, "a", [Result(source_id=made, error_code="tertutup", error="Mati.")])
        wait_min, failures, _interval, code = poll(hub, made)
        assert (failures, code) == (n, "tertutup")
        assert expected_s * 0.79 / 60 - 1 <= wait_min <= expected_s * 1.21 / 60
        expected_s = min(expected_s * 2, 86_400)
    leases.take(hub, "a", limit=1, is_due=False)
    leases.note(hub, "a", [Result(source_id=made, interval_s=1800)])
    wait_min, failures, interval_s, code = poll(hub, made)
    assert (failures, interval_s, code) == (0, 1800, "")
    assert 23 <= wait_min <= 36


def test_retry_after_is_honoured_up_to_a_day(hub: Site) -> None:
    made = add_sources(hub, 2)
    leases.take(hub, "a", limit=2)
    asked = [3 * 3600, 10**9]
    leases.note(
        hub, "a",
        [
            Result(source_id=i, error_code="sibuk", error="…", retry_after_s=s)
            for i, s in zip(made, asked, strict=True)
        ],
    )  # fmt: skip
    assert [poll(hub, source_id)[0] for source_id in made] == [180, 1440]


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_was_ten_years_wrong_holds_nothing_up(hub: Site, years: int) -> None:
    made = add_sources(hub, 4)
    right = hub.clock.now_ms()
    clock_of(hub).set(right + years * 365 * 86_400_000)
    leases.take(hub, "a", limit=1, is_due=False)
    clock_of(hub).advance(seconds=1)
    for source_id in leases.take(hub, "b", limit=1, is_due=False):
        leases.note(hub, "b", [Result(source_id=source_id)])
    clock_of(hub).set(right)
    assert sorted(leases.take(hub, "c", limit=10)) == sorted(made)


def test_the_rhythm_of_a_source_decides_how_often_it_is_asked() -> None:
    day_ms = 86_400_000
    now = 100 * day_ms
    daily = [now - n * day_ms for n in range(10)]
    assert schedule.interval_s(daily, now) == round(0.9 * 86_400 / 8)
    assert schedule.interval_s([now - 60_000 * n for n in range(10)], now) == 900
    assert schedule.interval_s([now - 30 * day_ms], now) == 86_400
    assert schedule.interval_s([], now) == 3600
    # Dates ahead of the clock say nothing.
    assert schedule.interval_s([now + day_ms], now) == 3600
    assert schedule.slower_s(900, 10 * day_ms) == 10_800
    assert schedule.slower_s(7200, 0) == 7200
    waits = [schedule.jittered_ms(1000, random.Random(seed)) for seed in range(300)]
    assert 800_000 <= min(waits) < 830_000
    assert 1_170_000 < max(waits) <= 1_200_000


def test_pullers_that_run_at_once_share_the_sources_and_each_is_asked_once(hub: Site) -> None:
    """Real threads with connections of their own; on PostgreSQL nobody waits for another's row."""
    made = add_sources(hub, 60)
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def puller(name: str) -> None:
        mine = open_site(hub.path, clock_of(hub))
        with mine.bound():
            while ids := leases.take(mine, name, limit=5):
                with lock:
                    asked.update(ids)
                leases.note(mine, name, [Result(source_id=source_id) for source_id in ids])
        mine.close()

    threads = [threading.Thread(target=puller, args=(f"p{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == Counter(made)
