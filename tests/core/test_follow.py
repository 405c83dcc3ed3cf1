"""Followers: they catch up, rebuild after a restore, and one worker at a time works."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from desa_web.core import follow, journal
from desa_web.core.actor import operator
from desa_web.core.follow import CursorFile, Election, Worker, catch_up
from desa_web.core.journal import Cursor, Row
from desa_web.core.site import Site, open_site
from tests.harness.site import FakeClock, clock_of

pytestmark = pytest.mark.both_databases


class Notes:
    """A follower whose output is a file with one line per row."""

    name = "notes"

    def __init__(self, folder: Path) -> None:
        self.cursor_file = CursorFile(folder / "cursor.json")
        self.lines: list[str] = []
        self.rebuilt = 0
        self.fails = 0
        self.moved = threading.Event()

    def cursor(self) -> Cursor | None:
        return self.cursor_file.read()

    def apply(self, rows: Sequence[Row], cursor: Cursor) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("disk")
        self.lines += [row.object_id for row in rows]
        self.cursor_file.write(cursor)
        self.moved.set()

    def rebuild(self, cursor: Cursor) -> None:
        self.rebuilt += 1
        self.lines = ["rebuilt"]
        self.cursor_file.write(cursor)
        self.moved.set()


def note(site: Site, *names: str) -> None:
    for name in names:
        with journal.change(operator(site)) as change:
            change.record("article", name, "save")


def test_a_new_follower_builds_and_then_takes_only_what_is_new(site: Site, tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    note(site, "a", "b")
    assert catch_up(site, notes) == 0
    note(site, "c", "d")
    assert catch_up(site, notes) == 2
    assert catch_up(site, notes) == 0
    assert (notes.rebuilt, notes.lines) == (1, ["rebuilt", "c", "d"])


def test_a_long_journal_comes_in_batches(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "BATCH", 3)
    notes = Notes(tmp_path)
    catch_up(site, notes)
    note(site, *"abcdefgh")
    assert catch_up(site, notes) == 8
    assert notes.lines == ["rebuilt", *"abcdefgh"]


def test_a_restored_journal_means_rebuild(site: Site, tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    note(site, "a")
    catch_up(site, notes)
    journal.renew(site)
    catch_up(site, notes)
    assert notes.rebuilt == 2


def test_a_cursor_ahead_of_the_journal_means_rebuild(site: Site, tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    notes.cursor_file.write(Cursor(journal.head(site).journal_id, 99))
    catch_up(site, notes)
    assert notes.rebuilt == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"journal_id": "x"}', "\x00\xff"])
def test_a_damaged_cursor_is_no_cursor(site: Site, tmp_path: Path, text: str) -> None:
    file = tmp_path / "cursor.json"
    file.write_bytes(text.encode("latin-1"))
    assert CursorFile(file).read() is None


def test_only_one_worker_is_elected_and_the_next_takes_over(site: Site) -> None:
    other = open_site(site.path, clock_of(site))
    results: list[bool] = []
    first = Election(site)
    assert first.try_win()

    def compete() -> None:
        with other.bound():
            second = Election(other)
            results.append(second.try_win())
            released.wait(10)
            results.append(second.try_win())
            second.release()
        other.close()

    released, thread = threading.Event(), threading.Thread(target=compete)
    thread.start()
    while not results:
        threading.Event().wait(0.005)
    first.release()
    released.set()
    thread.join()
    assert results == [False, True]


def test_a_worker_follows_commits_survives_failures_and_stops(
    site: Site, tmp_path: Path, clock: FakeClock
) -> None:
    notes = Notes(tmp_path)
    worker = Worker(site, [notes], {})
    worker.start()
    try:
        assert notes.moved.wait(10)
        notes.moved.clear()
        note(site, "a")
        assert notes.moved.wait(10)
        assert notes.lines == ["rebuilt", "a"]
        notes.moved.clear()
        notes.fails = 1
        note(site, "b")
        assert notes.moved.wait(10)
        assert notes.lines == ["rebuilt", "a", "b"]
        assert follow.beat_age_s(site) is not None
    finally:
        worker.stop()
    assert not [t for t in threading.enumerate() if t.name in ("ticker", "follow-notes")]


def test_following_once_twice_changes_nothing(site: Site, tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    note(site, "a")
    follow.once(site, [notes], {})
    before = (tmp_path / "cursor.json").read_bytes()
    assert follow.once(site, [notes], {}) == 0
    assert (tmp_path / "cursor.json").read_bytes() == before


def test_a_sign_of_an_earlier_boot_does_not_count(site: Site, clock: FakeClock) -> None:
    follow.beat(site)
    clock.monotonic += 5
    assert follow.beat_age_s(site) == pytest.approx(5)
    clock.monotonic = 1
    assert follow.beat_age_s(site) is None


class Patient(Notes):
    """Notes with work for quiet moments: three pieces."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.left = 3
        self.done = threading.Event()

    def idle(self) -> bool:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        return self.left > 0


def test_a_worker_lets_a_follower_work_in_quiet_moments(site: Site, tmp_path: Path) -> None:
    patient = Patient(tmp_path)
    note(site, "a")
    worker = Worker(site, [patient], {})
    worker.start()
    try:
        assert patient.done.wait(10)
        assert patient.rebuilt == 1
    finally:
        worker.stop()
