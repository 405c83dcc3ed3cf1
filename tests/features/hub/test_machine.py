"""A state machine over village, line and officer, in whatever order things happen: the hub's view
ends in the village's truth, readers never see what was taken back, and our edits stay ours.

The village is a toy that signs with the real publisher; the line cuts, flips, shuffles and brings
old sticks; backups are restored on both sides; officers decide at random.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.errors import Conflict
from desa_web.core.journal import Row
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Op, Problem, Receiver, Spoken, Statement, home, log
from desa_web.features.hub import inbox, intake, items, sources
from desa_web.features.hub.models import ItemRow
from desa_web.features.hub.source import Kind, Source, Trust
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.news.models import ArticleRow, RevisionRow
from tests.harness.hub import make_hub
from tests.harness.site import make_site
from tests.harness.sync import Notes, Village

_VILLAGE = ("journal", "sync_key", "sync_head", "sync_line", "sync_said")
_HUB = ("hub_item_photo", "hub_photo", "hub_receipt", "hub_receipt_head", "hub_item", "hub_poll",
        "hub_source", "sync_received", "sync_source", "sync_parked", "sync_evidence", "article_tag",
        "article_slug", "autosave", "revision", "article", "outbound_domain", "due", "journal",
        )  # fmt: skip
# What the hub may lose alone: sources and our articles are in its backup of last night.
_HUB_LOG = ("sync_received", "sync_source", "sync_parked", "sync_evidence")
DECISIONS = ["publish", "hold", "return", "settle", "dark"]


class Articles(Notes):
    """Notes that travel as articles."""

    kind = "article"

    def statements(self, site: Site, row: Row, spoken: Spoken) -> Iterable[Statement]:
        return super().statements(site, row, spoken)

    def _put(self, note_id: str, revision: str) -> Statement:
        text = self.texts[revision]
        content = {"type": "article", "title": text, "body": f"<p>{text}</p>", "slug": note_id}
        return Statement(op=Op.PUT, object_id=note_id, revision=revision, content=content)


class Sites:
    """One village and one hub for all examples; emptied, not made anew."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.village = make_site(root / "desa")
        self.hub = make_hub(root / "hub")
        for site in (self.village, self.hub):
            with site.bound():
                # Power cuts have tests of their own.
                db.execute(site.database, "PRAGMA synchronous = 0")

    def reset(self) -> None:
        for file in (self.village.data / "keys").iterdir():
            file.unlink()
        home.forget(self.village)
        with self.village.bound():
            empty(self.village, _VILLAGE)
        with self.hub.bound():
            empty(self.hub, _HUB)

    def close(self) -> None:
        self.village.close()
        self.hub.close()
        self.folder.cleanup()


def empty(site: Site, tables: tuple[str, ...]) -> None:
    with db.write(site.database):
        for table in tables:
            db.execute(site.database, f"DELETE FROM {table}")
        if "journal" in tables:
            db.execute(site.database, "UPDATE journal_head SET n = 0, at = 0")


def rows_of(site: Site, tables: tuple[str, ...]) -> dict[str, list[Any]]:
    return {t: db.execute(site.database, f"SELECT * FROM {t}").fetchall() for t in tables}


def put_back(site: Site, tables: dict[str, list[Any]]) -> None:
    with db.write(site.database):
        for table, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                db.execute(site.database, f"INSERT INTO {table} VALUES ({marks})", *row)


class Life(RuleBasedStateMachine):
    """One village and its hub; `sites` is set by the test."""

    sites: Sites

    @initialize()
    def begin(self) -> None:
        self.sites.reset()
        self.hub = self.sites.hub
        self.texts = 0
        self.backups: list[tuple[dict[str, list[Any]], dict[str, str], tuple[int, int]]] = []
        self.sticks: list[bytes] = []
        self.hub_backup: dict[str, list[Any]] | None = None
        # An erased article never comes back: the next of that number is another one.
        self.erased: list[str] = []
        # Our own edits: article → what readers see of it by our will.
        self.edited: dict[str, str] = {}
        with self.sites.village.bound():
            self.village = Village(self.sites.village, Articles()).follow()
            self.name = self.village.name
        with self.hub.bound():
            self.source: Source = sources.register(
                operator(self.hub), kind=Kind.DESA, name="Desa", site=self.name, is_confirmed=True
            )

    # ---- the village -----------------------------------------------------------------------

    @rule(which=st.integers(0, 5))
    def publish(self, which: int) -> None:
        self.texts += 1
        before = sum(note.startswith(f"kabar-{which}-") for note in self.erased)
        with self.sites.village.bound():
            self.village.put(f"kabar-{which}-{before}", f"isi {self.texts}")

    @rule(pick=st.integers(0, 99), op=st.sampled_from([Op.UNPUBLISH, Op.DELETE, Op.ERASE]))
    def take_back(self, pick: int, op: Op) -> None:
        live = sorted(self.village.notes.live)
        if live:
            note = live[pick % len(live)]
            with self.sites.village.bound():
                self.village.take(note, op)
            if op is Op.ERASE:
                self.erased.append(note)

    @rule()
    def follow(self) -> None:
        with self.sites.village.bound():
            self.village.follow()

    @rule()
    def back_up(self) -> None:
        with self.sites.village.bound():
            head = db.execute(self.sites.village.database, "SELECT n, at FROM journal_head")
            self.backups.append(
                (rows_of(self.sites.village, _VILLAGE), dict(self.village.notes.live),
                 tuple(head.fetchone()))
            )  # fmt: skip

    @rule(pick=st.integers(0, 99))
    def restore(self, pick: int) -> None:
        """`desa backup restore`, and what was erased since is erased again."""
        if not self.backups:
            return
        tables, live, head = self.backups[pick % len(self.backups)]
        site = self.sites.village
        with site.bound():
            empty(site, _VILLAGE)
            put_back(site, tables)
            with db.write(site.database):
                sql = "UPDATE journal_head SET n = ?, at = ?"
                db.execute(site.database, sql, *head)
            self.village.notes.live = dict(live)
            journal.renew(site)
            home.forget(site)
            for note in [note for note in self.erased if note in live]:
                self.village.take(note, Op.ERASE)
            self.village.follow()

    @rule()
    def rotate(self) -> None:
        site = self.sites.village
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
        # Behind a new key there is no way back.
        self.backups.clear()

    # ---- the line --------------------------------------------------------------------------

    @rule(how=st.sampled_from(["whole", "cut", "flip", "shuffle"]), at=st.integers(0, 10**6))
    def pull(self, how: str, at: int) -> None:
        page = self._page()
        if how == "cut":
            page = page[: at % (len(page) + 1)]
        elif how == "flip" and page:
            at %= len(page)
            page = page[:at] + bytes([page[at] ^ 1 << at % 8]) + page[at + 1 :]
        elif how == "shuffle":
            lines = page.splitlines(keepends=True)[:-1]
            page = b"".join(lines[at % (len(lines) or 1) :] + lines[: at % (len(lines) or 1)])
        problem = self._take(page, is_live=True)
        # A flipped epoch of an erase line parks it: then the proof is what is missing.
        broken = (
            Problem.NOT_A_LINE, Problem.BAD_SIGNATURE, Problem.OTHER_SITE,
            Problem.UNPROVEN_ERASURE,
        )  # fmt: skip
        assert problem is None or (how == "flip" and problem in broken), problem

    @rule()
    def stick(self) -> None:
        with self.sites.village.bound():
            self.sticks.append(self.village.everything())

    @rule(pick=st.integers(0, 99))
    def old_stick(self, pick: int) -> None:
        if self.sticks:
            problem = self._take(self.sticks[pick % len(self.sticks)], is_live=False)
            assert problem in (None, Problem.RESTARTED), problem

    # ---- the hub ---------------------------------------------------------------------------

    @rule(
        pick=st.integers(0, 99),
        what=st.sampled_from(["publish", "hold", "return", "settle", "dark"]),
    )
    def decide(self, pick: int, what: str) -> None:
        with self.hub.bound():
            rows = sorted(ItemRow.select(), key=lambda row: str(row.object_id))
            if not rows:
                return
            row = rows[pick % len(rows)]
            actor = operator(self.hub)
            if what == "publish":
                try:
                    inbox.publish(actor, row.id, replaces_edit=bool(pick % 2))
                except Conflict:
                    return
                self.edited.pop(row.article_id or "", None)
            elif what == "hold" and row.state != "published":
                inbox.hold(actor, row.id)
            elif what == "return":
                inbox.return_(actor, row.id, "Kurang lengkap.")
                self.edited.pop(row.article_id or "", None)
            elif what == "settle":
                inbox.settle(actor, row.id)
            elif what == "dark":
                inbox.take_back(actor, row.id)
                self.edited.pop(row.article_id or "", None)

    @rule(pick=st.integers(0, 99))
    def edit_here(self, pick: int) -> None:
        """An officer writes the article anew: a derivative."""
        with self.hub.bound():
            live = sorted(
                ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False)),
                key=lambda row: str(row.id),
            )
            if live:
                self.texts += 1
                article = live[pick % len(live)]
                text = Text(title=f"kata kami {self.texts}", body="<p>Kami.</p>")
                news.save(operator(self.hub), article.id, text)
                news.publish_now(operator(self.hub), article.id)
                self.edited[article.id] = text.title

    @rule(value=st.sampled_from(list(Trust)))
    def trust(self, value: Trust) -> None:
        with self.hub.bound():
            sources.trust(operator(self.hub), self.source.id, value)
            list(inbox.work_off(self.hub))

    @rule()
    def lose_the_log(self) -> None:
        """The hub's log is lost; what was decided is not."""
        with self.hub.bound():
            empty(self.hub, _HUB_LOG)

    # ---- what must hold --------------------------------------------------------------------

    @invariant()
    def readers_see_nothing_that_was_taken_back(self) -> None:
        if not hasattr(self, "source"):
            return
        with self.hub.bound():
            for title, row in self._live():
                item = ItemRow.get_or_none(ItemRow.article_id == row.id)
                assert item is not None
                assert (item.op, item.state) == ("put", "published"), title
                if row.id in self.edited:
                    assert title == self.edited[row.id], "our edit was overwritten"

    @invariant()
    def what_was_erased_is_nowhere(self) -> None:
        if not hasattr(self, "source"):
            return
        with self.hub.bound():
            for row in ItemRow.select().where(ItemRow.op == "erase"):
                assert (row.title, row.content, row.article_id) == ("", "", None)

    def teardown(self) -> None:
        if hasattr(self, "source"):
            self.ends_in_the_truth()

    def ends_in_the_truth(self) -> None:
        self.follow()
        for _n in range(3):
            assert self._take(self._page(), is_live=True) is None
        with self.hub.bound():
            said = {r.object_id: r.title for r in items.public_of(self.source.id)}
            assert said == self.village.truth()
            for item_id in [row.id for row in items.public_of(self.source.id)]:
                inbox.publish(operator(self.hub), item_id, replaces_edit=True)
            lost = {row.title for row in items.lost(self.source.id)}
            shown = {title for title, _row in self._live()}
            assert set(said.values()) <= shown
            # What the village lost with its disk may still be with our readers, as it was or as
            # we edited it.
            assert len(shown - set(said.values())) <= len(lost)
            seqs = db.execute(self.hub.database, "SELECT count(*), max(seq) FROM journal")
            count, newest = seqs.fetchone()
            assert count == (newest or 0)

    def _live(self) -> Iterator[tuple[str, ArticleRow]]:
        for row in ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False)):
            yield RevisionRow.get_by_id(row.live_revision_id).title, row

    def _page(self) -> bytes:
        with self.hub.bound():
            have = Receiver(self.hub).resume(self.name).have
        with self.sites.village.bound():
            try:
                return log.page(self.sites.village, have, max_lines=1000).body
            except log.UnknownPoints:
                return self.village.everything()

    def _take(self, page: bytes, *, is_live: bool) -> Problem | None:
        with self.hub.bound():
            return intake.taken(
                self.hub, self.source.id, page, is_live=is_live, is_pull=True
            ).problem


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    made = Sites()
    yield made
    made.close()


def live(sites: Sites, examples: int, *, is_random: bool = False) -> None:
    Life.sites = sites
    chosen = settings(
        max_examples=examples, stateful_step_count=30, derandomize=not is_random, deadline=None,
        suppress_health_check=list(HealthCheck), database=None, print_blob=True,
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=chosen)


def test_whatever_happens_the_end_is_the_villages_truth(sites: Sites) -> None:
    live(sites, 40)


@pytest.mark.long
def test_ten_thousand_lives_end_in_the_villages_truth(sites: Sites) -> None:
    live(sites, 10_000, is_random=True)
