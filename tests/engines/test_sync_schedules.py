"""Random schedules of a village and a hub: after any of them the hub's view is the truth.

A schedule publishes, takes back, follows, pulls with cuts, flips and shuffles, restores backups
(also older ones, twice), jumps back without a renewed journal, rotates the key, loses the hub's
database. Seeded: a failing seed is a test of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from desa_web.core import db, journal
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Op, Problem, Receiver, home, log
from tests.harness.site import make_site
from tests.harness.sync import Village, seen

_VILLAGE = ("journal_head", "journal", "sync_key", "sync_head", "sync_line", "sync_said")
_HUB = ("sync_received", "sync_source", "sync_parked", "sync_evidence")


@dataclass
class World:
    """A village, its hub, its backups, and the pages that lie around on sticks."""

    village: Village
    hub: Site
    rnd: random.Random
    backups: list[tuple[dict[str, list[Any]], dict[str, str]]] = field(default_factory=list)
    sticks: list[bytes] = field(default_factory=list)

    @property
    def receiver(self) -> Receiver:
        return Receiver(self.hub)

    def step(self) -> None:
        weights = {
            self.publish: 8, self.take: 3, self.follow: 5, self.pull: 5, self.stick: 2,
            self.old_stick: 2, self.backup: 2, self.restore: 1, self.jump_back: 1, self.rotate: 1,
            self.lose_hub: 1,
        }  # fmt: skip
        (action,) = self.rnd.choices(list(weights), list(weights.values()))
        action()

    def publish(self) -> None:
        with self.village.site.bound():
            self.village.put(f"n{self.rnd.randrange(8)}", f"kabar {self.rnd.getrandbits(40)}")

    def take(self) -> None:
        live = sorted(self.village.notes.live)
        if live:
            with self.village.site.bound():
                op = self.rnd.choice([Op.UNPUBLISH, Op.DELETE])
                self.village.take(self.rnd.choice(live), op)

    def follow(self) -> None:
        with self.village.site.bound():
            self.village.follow()

    def pull(self) -> None:
        """Pull what is new, through a line that cuts, flips or shuffles."""
        page = self._page()
        how = self.rnd.randrange(4)
        if how == 0:
            page = page[: self.rnd.randrange(len(page) + 1)]
        elif how == 1 and page:
            at = self.rnd.randrange(len(page))
            page = page[:at] + bytes([page[at] ^ 1 << self.rnd.randrange(8)]) + page[at + 1 :]
        elif how == 2:
            lines = page.splitlines(keepends=True)[:-1]
            self.rnd.shuffle(lines)
            page = b"".join(lines)
        outcome = self._receive(page, is_live=True)
        allowed = (Problem.NOT_A_LINE, Problem.BAD_SIGNATURE, Problem.OTHER_SITE)
        assert outcome.problem is None or (how == 1 and outcome.problem in allowed), outcome

    def stick(self) -> None:
        """Put the log as it is now on a stick, for later."""
        with self.village.site.bound():
            self.sticks.append(self.village.everything())

    def old_stick(self) -> None:
        """A stick comes that was written before anything that happened since."""
        if self.sticks:
            outcome = self._receive(self.rnd.choice(self.sticks))
            assert outcome.problem in (None, Problem.RESTARTED), outcome

    def backup(self) -> None:
        with self.village.site.bound():
            live = dict(self.village.notes.live)
            self.backups.append((rows_of(self.village.site, _VILLAGE), live))

    def restore(self) -> None:
        """Restore a backup as `desa backup restore` does: a new journal, no witness."""
        if self.backups:
            self._back(self.rnd.choice(self.backups))
            with self.village.site.bound():
                journal.renew(self.village.site)
                home.forget(self.village.site)
                self.village.follow()

    def jump_back(self) -> None:
        """The database is an older one although nobody restored it: a snapshot of the disk."""
        if self.backups:
            self._back(self.rnd.choice(self.backups))
            self.follow()

    def rotate(self) -> None:
        site = self.village.site
        with site.bound():
            self.village.follow()
            with db.write(site.database):
                writer = log.Writer.open(site, KeyRing(site.data / "keys"))
                assert writer is not None
                last = writer.head
                writer.rotate(KeyRing(site.data / "keys"))
                writer.move_to(journal.Cursor(last.journal_id, last.journal_seq))
                after = writer.head.point
            home.note(site, after)
        # A backup with the old key only is refused by the hub, and so is one behind the new key.
        self.backups.clear()

    def lose_hub(self) -> None:
        with self.hub.bound():
            empty(self.hub, _HUB)

    def ends_in_the_truth(self) -> None:
        self.follow()
        for _ in range(3):
            outcome = self._receive(self._page(), is_live=True)
            assert outcome.problem is None, outcome
        with self.hub.bound():
            assert seen(self.receiver, self.village.name) == self.village.truth()

    def _page(self) -> bytes:
        with self.hub.bound():
            have = self.receiver.resume(self.name).have
        with self.village.site.bound():
            return log.page(self.village.site, have, max_lines=1000).body

    def _receive(self, page: bytes, *, is_live: bool = False) -> Any:
        with self.hub.bound():
            return self.receiver.receive(self.name, page, is_live=is_live)

    @property
    def name(self) -> str:
        with self.village.site.bound():
            return self.village.name

    def _back(self, backup: tuple[dict[str, list[Any]], dict[str, str]]) -> None:
        tables, live = backup
        site = self.village.site
        with site.bound():
            empty(site, _VILLAGE)
            with db.write(site.database):
                for table, rows in tables.items():
                    for row in rows:
                        marks = ", ".join("?" * len(row))
                        db.execute(site.database, f"INSERT INTO {table} VALUES ({marks})", *row)
        self.village.notes.live = dict(live)


def rows_of(site: Site, tables: tuple[str, ...]) -> dict[str, list[Any]]:
    return {t: db.execute(site.database, f"SELECT * FROM {t}").fetchall() for t in tables}


def empty(site: Site, tables: tuple[str, ...]) -> None:
    with db.write(site.database):
        for table in tables:
            db.execute(site.database, f"DELETE FROM {table}")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """A village and a hub that do not wait for the disk: power cuts have tests of their own."""
    made = [make_site(tmp_path_factory.mktemp(name)) for name in ("desa", "hub")]
    for site in made:
        with site.bound():
            db.execute(site.database, "PRAGMA synchronous = 0")
    yield made[0], made[1]
    for site in made:
        site.close()


def run(sites: tuple[Site, Site], seed: int, steps: int = 30) -> None:
    village, hub = sites
    keys: Path = village.data / "keys"
    for file in keys.iterdir():
        file.unlink()
    with village.bound():
        empty(village, _VILLAGE[1:])
        with db.write(village.database):
            db.execute(village.database, "UPDATE journal_head SET n = 0, at = 0")
        world = World(Village(village).follow(), hub, random.Random(seed))
    world.lose_hub()
    for _ in range(steps):
        world.step()
    world.ends_in_the_truth()


@pytest.mark.parametrize("seed", range(40))
def test_after_a_random_schedule_the_hub_holds_the_truth(
    sites: tuple[Site, Site], seed: int
) -> None:
    run(sites, seed)


@pytest.mark.long
def test_ten_thousand_schedules_end_in_the_truth(sites: tuple[Site, Site]) -> None:
    for seed in range(1000, 11_000):
        run(sites, seed)
