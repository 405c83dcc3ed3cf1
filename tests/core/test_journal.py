"""The journal: state and row are one, the order is the commit order, there are no holes."""

from __future__ import annotations

import threading

import pytest

from desa_web.core import clock as clocks
from desa_web.core import db, due, journal
from desa_web.core.actor import operator
from desa_web.core.errors import Conflict
from desa_web.core.journal import Cursor
from desa_web.core.site import Site, open_site
from tests.harness.site import FakeClock, clock_of

pytestmark = pytest.mark.both_databases


def note(site: Site, text: str, **more: object) -> None:
    with journal.change(operator(site)) as change:
        change.record("article", text, "save", **more)  # type: ignore[arg-type]


def test_a_row_keeps_what_was_recorded(site: Site) -> None:
    note(site, "a1", revision="r1", keys=["list:news", "article:a1"], digest="d", note="n")
    (row,) = journal.read(site, 0)
    assert (row.seq, row.actor, row.kind, row.object_id, row.op) == (
        1, "operator", "article", "a1", "save",
    )  # fmt: skip
    assert (row.revision_id, row.keys, row.digest) == ("r1", ("article:a1", "list:news"), "d")


def test_a_failed_change_leaves_neither_state_nor_row_nor_hole(site: Site) -> None:
    def fail() -> None:
        with journal.change(operator(site)) as change:
            due.plan("publish", "a1", 5)
            change.record("article", "a1", "save")
            raise Conflict("nein")

    with pytest.raises(Conflict):
        fail()
    assert journal.head(site).seq == 0
    assert due.next_at(site) is None
    note(site, "a2")
    assert [row.seq for row in journal.read(site, 0)] == [1]


def test_an_inner_change_joins_the_outer_one(site: Site) -> None:
    heard: list[list[str]] = []
    site.on_commit.append(lambda rows: heard.append([row.object_id for row in rows]))
    with journal.change(operator(site)):
        note(site, "inner")
        assert journal.head(site).seq == 0
        note(site, "second")
    assert heard == [["inner", "second"]]
    assert journal.head(site).seq == 2


def test_an_outer_failure_takes_the_inner_change_along(site: Site) -> None:
    heard: list[object] = []
    site.on_commit.append(heard.append)

    def fail() -> None:
        with journal.change(operator(site)):
            note(site, "inner")
            raise Conflict("nein")

    with pytest.raises(Conflict):
        fail()
    assert (journal.head(site).seq, heard) == (0, [])


def test_a_change_without_rows_wakes_nobody(site: Site) -> None:
    heard: list[object] = []
    site.on_commit.append(heard.append)
    with journal.change(operator(site)):
        due.plan("publish", "a1", 5)
    assert heard == []
    assert due.next_at(site) == 5


def test_writers_at_once_leave_no_hole_and_readers_see_only_prefixes(site: Site) -> None:
    writers, each = 4, 15
    stopping, seen = threading.Event(), []

    def write(number: int) -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            for turn in range(each):
                note(own, f"{number}-{turn}")
        own.close()

    def read() -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            after = 0
            while after < writers * each and not stopping.is_set():
                for row in journal.read(own, after):
                    seen.append(row.seq)
                    after = row.seq
        own.close()

    reader = threading.Thread(target=read)
    reader.start()
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.join(timeout=20)
    stopping.set()
    reader.join()
    assert seen == list(range(1, writers * each + 1))
    rows = journal.read(site, 0)
    assert [row.seq for row in rows] == seen
    if db.is_sqlite(site.database):
        # PostgreSQL lets changes overlap: there seq is the order, and times may tie.
        times = [row.at_ms for row in rows]
        assert times == sorted(set(times))
    for number in range(writers):
        mine = [r.object_id for r in rows if r.object_id.startswith(f"{number}-")]
        assert mine == [f"{number}-{turn}" for turn in range(each)]


@pytest.mark.parametrize("wrong_ms", [0, -(10**12), 86_400_000, 2_145_916_800_000, 10**14])
def test_a_wrong_clock_keeps_the_order_of_times(
    site: Site, clock: FakeClock, wrong_ms: int
) -> None:
    note(site, "right")
    right_ms = clock.at_ms
    clock.set(wrong_ms)
    note(site, "wrong1")
    note(site, "wrong2")
    assert journal.clock_doubt(site) is not None
    clock.set(right_ms + 60_000)
    note(site, "right again")
    times = [row.at_ms for row in journal.read(site, 0)]
    assert times == sorted(set(times))
    assert times[-1] == right_ms + 60_000
    assert journal.clock_doubt(site) is None


def test_a_first_change_under_a_dead_battery_works(site: Site, clock: FakeClock) -> None:
    clock.set(0)
    note(site, "first")
    assert journal.read(site, 0)[0].at_ms > 0


def test_a_person_may_confirm_a_clock_that_jumped(site: Site, clock: FakeClock) -> None:
    note(site, "before")
    clock.advance(days=500)
    assert journal.clock_doubt(site) is not None
    journal.confirm_clock(operator(site))
    assert journal.clock_doubt(site) is None


def test_history_is_of_one_object_and_reading_is_paged(site: Site) -> None:
    for number in range(6):
        note(site, f"a{number % 2}")
    assert [row.seq for row in journal.history(site, "article", "a1")] == [2, 4, 6]
    assert [row.seq for row in journal.read(site, 2, limit=3)] == [3, 4, 5]
    assert journal.read(site, 6) == []


def test_a_renewed_journal_has_another_id_and_the_same_rows(site: Site) -> None:
    note(site, "a")
    before = journal.head(site)
    journal.renew(site)
    after = journal.head(site)
    assert after.journal_id != before.journal_id
    assert after == Cursor(after.journal_id, before.seq)


def test_a_digest_depends_on_the_state_and_not_on_the_order_of_keys(site: Site) -> None:
    assert journal.digest({"a": 1, "b": "é"}) == journal.digest({"b": "é", "a": 1})
    assert journal.digest({"a": 1}) != journal.digest({"a": "1"})


def test_the_journal_is_read_through_its_indexes(site: Site) -> None:
    if not db.is_sqlite(site.database):
        pytest.skip("the planner of PostgreSQL scans a table this small")
    for sql in (
        "SELECT seq FROM journal WHERE seq > 5 ORDER BY seq LIMIT 200",
        "SELECT seq FROM journal WHERE kind = 'a' AND object_id = 'b' ORDER BY seq",
        "SELECT kind, ref FROM due WHERE at <= 5 ORDER BY at, kind, ref LIMIT 500",
        "SELECT min(at) FROM due",
    ):
        plan = " ".join(row[3] for row in db.execute(site.database, "EXPLAIN QUERY PLAN " + sql))
        assert "SEARCH" in plan or "COVERING INDEX" in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_moments_beyond_what_a_calendar_holds_are_clamped(site: Site) -> None:
    assert clocks.as_utc(-5).year == 1970
    assert clocks.as_utc(10**17).year == 9999
