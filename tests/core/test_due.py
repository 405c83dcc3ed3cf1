"""Due work: exactly once, in order, held while the clock is doubtful."""

from __future__ import annotations

import threading

import pytest

from desa_web.core import db, due, journal
from desa_web.core.actor import operator, program
from desa_web.core.errors import Conflict
from desa_web.core.site import Site, open_site
from tests.harness.site import FakeClock, clock_of

pytestmark = pytest.mark.both_databases


class Work:
    """A handler as a service writes it: takes the plan and does the work in one transaction."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, site: Site, ref: str) -> None:
        with journal.change(program(site)) as change:
            if due.cancel("publish", ref):
                change.record("article", ref, "publish")
                self.done.append(ref)


def plan(site: Site, ref: str, at_ms: int, kind: str = "publish") -> None:
    with journal.change(operator(site)) as change:
        due.plan(kind, ref, at_ms)
        change.record("article", ref, "schedule")


def test_work_is_done_when_its_time_has_come_and_once(site: Site, clock: FakeClock) -> None:
    work = Work()
    plan(site, "later", clock.at_ms + 2000)
    plan(site, "sooner", clock.at_ms + 1000)
    assert due.next_at(site) == clock.at_ms + 1000
    assert due.tick(site, {"publish": work}) == 0
    clock.advance(seconds=1)
    assert due.tick(site, {"publish": work}) == 1
    clock.advance(seconds=10)
    due.tick(site, {"publish": work})
    due.tick(site, {"publish": work})
    assert work.done == ["sooner", "later"]
    assert due.next_at(site) is None


def test_a_new_plan_replaces_the_old_one(site: Site, clock: FakeClock) -> None:
    plan(site, "a", clock.at_ms + 1000)
    plan(site, "a", clock.at_ms + 5000)
    assert due.next_at(site) == clock.at_ms + 5000


def test_plans_survive_a_restart(site: Site, clock: FakeClock) -> None:
    plan(site, "a", clock.at_ms + 1000)
    clock.advance(days=3)
    again, work = open_site(site.path, clock), Work()
    with again.bound():
        assert due.tick(again, {"publish": work}) == 1
    again.close()
    assert work.done == ["a"]


@pytest.mark.parametrize("wrong_ms", [0, 2_145_916_800_000, 10**13])
def test_nothing_is_done_by_a_doubtful_clock(site: Site, clock: FakeClock, wrong_ms: int) -> None:
    work, right_ms = Work(), clock.at_ms
    plan(site, "a", right_ms + 3_600_000)
    clock.set(wrong_ms)
    assert due.tick(site, {"publish": work}) == 0
    clock.set(right_ms + 3_600_000)
    assert due.tick(site, {"publish": work}) == 1


def test_one_failing_entry_does_not_stop_the_others(site: Site, clock: FakeClock) -> None:
    work = Work()

    def bug(_site: Site, _ref: str) -> None:
        raise ZeroDivisionError

    def refusal(_site: Site, _ref: str) -> None:
        raise Conflict("nanti")

    for kind in ("bug", "refusal", "unknown", "publish"):
        plan(site, kind, clock.at_ms, kind)
    clock.advance(seconds=1)
    handlers = {"bug": bug, "refusal": refusal, "publish": work}
    assert due.tick(site, handlers) == 1
    assert work.done == ["publish"]
    left = {row[0] for row in db.execute(site.database, "SELECT kind FROM due")}
    assert left == {"bug", "refusal", "unknown"}


def test_two_tickers_at_once_do_the_work_once(site: Site, clock: FakeClock) -> None:
    work, barrier = Work(), threading.Barrier(3)
    for number in range(10):
        plan(site, f"a{number}", clock.at_ms)
    clock.advance(seconds=1)

    def tick() -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            barrier.wait()
            due.tick(own, {"publish": work})
        own.close()

    threads = [threading.Thread(target=tick) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(work.done) == [f"a{n}" for n in range(10)]
