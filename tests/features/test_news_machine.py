"""A state machine over the workflow: whatever people do, in whatever order, the promises hold."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from desa_web.core import due, journal
from desa_web.core import settings as village
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.clock import as_utc
from desa_web.core.errors import DesaError
from desa_web.features.news import checks, queries, service
from desa_web.features.news.article import State, Text
from desa_web.features.news.due import expire, publish, purge
from desa_web.features.news.workflow import Op
from tests.harness.site import actor_as, clock_of, make_site

HANDLERS = {"news.publish": publish, "news.expire": expire, "news.purge": purge}
PEOPLE = [(role, f"{role}-{n}") for role in Role if role is not Role.OFFICER for n in (1, 2)]


class Newsroom(RuleBasedStateMachine):
    """Two people of each role write, review, publish, wait and change their minds."""

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.site = make_site(self.folder)
        self.stack = ExitStack()
        self.stack.enter_context(self.site.bound())
        self.people = {login: actor_as(self.site, role, login) for role, login in PEOPLE}
        self.articles: list[str] = []
        self.approved: set[str] = set()
        self.is_approval_on = True
        for role, login in PEOPLE:
            self.write((role, login), "Awal")

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()
            self.site.close()
            shutil.rmtree(self.folder)

    @rule(
        who=st.sampled_from(PEOPLE), title=st.sampled_from(["Panen", "Rapat", "😀", "Panen raya"])
    )
    def write(self, who: tuple[Role, str], title: str) -> None:
        made = service.create(self.people[who[1]], Text(title=title, body="<p>Isi.</p>"))
        self.articles.append(made.id)

    @rule(who=st.sampled_from(PEOPLE), which=st.integers(0, 99), pick=st.integers(0, 99))
    def legal_step(self, who: tuple[Role, str], which: int, pick: int) -> None:
        """Take a step that the desk offers this person; it must succeed."""
        actor, article_id = self.people[who[1]], self.articles[which % len(self.articles)]
        try:
            article = queries.get(actor, article_id)[0]
        except DesaError:
            return
        offered = service.allowed(actor, article)
        if offered:
            op = offered[pick % len(offered)]
            revision_id = self._take(actor, op, article_id)
            self._note(op, revision_id)

    @rule(who=st.sampled_from(PEOPLE), which=st.integers(0, 99), op=st.sampled_from(list(Op)))
    def any_step(self, who: tuple[Role, str], which: int, op: Op) -> None:
        actor, article_id = self.people[who[1]], self.articles[which % len(self.articles)]
        head = journal.head(self.site).seq
        try:
            revision_id = self._take(actor, op, article_id)
        except DesaError:
            assert journal.head(self.site).seq == head
        else:
            self._note(op, revision_id)

    @rule(hours=st.sampled_from([1, 30, 31 * 24]))
    def wait(self, hours: int) -> None:
        clock_of(self.site).advance(seconds=hours * 3600)
        due.tick(self.site, HANDLERS)

    @rule(how=st.sampled_from(["required", "four_eyes", "off"]))
    def decide(self, how: str) -> None:
        village.change(operator(self.site), {"approval": how})
        self.is_approval_on = how != "off"

    @invariant()
    def readers_see_only_what_was_approved(self) -> None:
        for item in queries.published(self.site, kind=None, limit=500):
            found = queries.live_by_id(item.id)
            assert found is not None
            assert found.revision.id in self.approved
            assert found.revision.is_frozen

    @invariant()
    def the_journal_has_no_hole_and_time_goes_on(self) -> None:
        rows = journal.read(self.site, 0, 10_000)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert [row.at_ms for row in rows] == sorted(row.at_ms for row in rows)

    @invariant()
    def addresses_belong_to_one_article(self) -> None:
        shown = [i.slug for i in queries.published(self.site, kind=None, limit=500)]
        assert len(shown) == len(set(shown))

    @invariant()
    def nothing_changed_behind_the_programs_back(self) -> None:
        assert [found.level for found in checks.texts(self.site)] == ["baik"]

    def _note(self, op: Op, revision_id: str) -> None:
        if op is Op.APPROVE or not self.is_approval_on:
            self.approved.add(revision_id)

    def _take(self, actor: Actor, op: Op, article_id: str) -> str:
        if op is Op.SAVE:
            text = Text(title="Judul baru", body=f"<p>{clock_of(self.site).at_ms}</p>")
            return service.save(actor, article_id, text).article.working_revision_id
        at = as_utc(self.site.clock.now_ms()) + timedelta(hours=20)
        after = service.act(actor, op, article_id, note="catatan", at=at)
        if op is Op.PUBLISH and not self.is_approval_on:
            assert after.state is State.PUBLISHED
        return after.working_revision_id


TestNewsroom = Newsroom.TestCase
TestNewsroom.settings = settings(
    max_examples=40,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
