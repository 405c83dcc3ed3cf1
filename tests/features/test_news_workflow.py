"""The way of an article: the one table, by role, by state, by two people at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desa_web.core import db, due, journal, settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.clock import as_utc
from desa_web.core.errors import Conflict, DesaError, Forbidden, InvalidInput, NotFound
from desa_web.core.site import Site
from desa_web.features.news import checks, queries, rubrics, service
from desa_web.features.news.article import Article, Kind, State, Text
from desa_web.features.news.due import expire, publish, purge
from desa_web.features.news.workflow import TABLE, Op, Who, act
from tests.harness.site import actor_as, clock_of

pytestmark = pytest.mark.both_databases
HANDLERS = {"news.publish": publish, "news.expire": expire, "news.purge": purge}
TEXT = Text(title="Jalan tani dibangun", body="<p>Warga bekerja bakti.</p>")
ROLES = (Role.ADMIN, Role.EDITOR, Role.APPROVER, Role.REPORTER)


def draft(actor: Actor, title: str = "Jalan tani dibangun", **fields: object) -> Article:
    text = Text(title=title, body="<p>Warga bekerja bakti.</p>", **fields)  # type: ignore[arg-type]
    return service.create(actor, text)


def brought_to(site: Site, state: State, owner: Actor) -> Article:
    """Return an article of `owner` in `state`, taken there by the operator."""
    boss = operator(site)
    article = draft(owner)
    steps: dict[State, tuple[Op, ...]] = {
        State.DRAFT: (),
        State.SUBMITTED: (Op.SUBMIT,),
        State.RETURNED: (Op.SUBMIT, Op.RETURN),
        State.APPROVED: (Op.SUBMIT, Op.APPROVE),
        State.SCHEDULED: (Op.SUBMIT, Op.APPROVE, Op.SCHEDULE),
        State.PUBLISHED: (Op.SUBMIT, Op.APPROVE, Op.PUBLISH),
        State.WITHDRAWN: (Op.SUBMIT, Op.APPROVE, Op.PUBLISH, Op.WITHDRAW),
    }
    for op in steps[state]:
        article = take(boss, op, article)
    return article


def take(actor: Actor, op: Op, article: Article) -> Article:
    if op is Op.SAVE:
        text = Text(title="Judul lain", body="<p>Isi lain.</p>")
        return service.save(actor, article.id, text, version=article.version).article
    at = as_utc(actor.site.clock.now_ms()) + timedelta(days=1)
    return act(actor, op, article.id, version=article.version, note="Tambah nama", at=at)


def expected(actor: Actor, op: Op, article: Article) -> bool:
    """Whether the table lets this actor take `op` now, read without the code under test."""
    rule = TABLE.get((op, article.state))
    if rule is None or rule.only_without_approval:
        return False
    if op is Op.WITHDRAW and not article.is_live:
        return False
    if op is Op.RESTORE or (op is Op.TRASH and article.is_live):
        return False
    own = actor.user_id is not None and actor.user_id == article.author_id
    everything = actor.role in (Role.ADMIN, Role.EDITOR)
    return {
        Who.OWNER: own or everything,
        Who.EDITOR: everything,
        Who.REVIEWER: actor.role in (Role.ADMIN, Role.APPROVER),
        Who.PUBLISHER: actor.role in (Role.ADMIN, Role.EDITOR, Role.APPROVER),
    }[rule.who]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("is_own", [True, False], ids=["own", "foreign"])
def test_every_transition_follows_the_one_table(
    site: Site, role: Role, state: State, is_own: bool
) -> None:
    actor = actor_as(site, role)
    owner = actor if is_own else actor_as(site, Role.REPORTER, "penulis-lain")
    for op in Op:
        article = brought_to(site, state, owner)
        before = journal.head(site).seq
        if expected(actor, op, article):
            after = take(actor, op, article)
            assert after.state is TABLE[op, state].target
            assert journal.head(site).seq == before + 1
        else:
            with pytest.raises((Forbidden, Conflict, NotFound)):
                take(actor, op, article)
            assert journal.head(site).seq == before
            assert queries.get(operator(site), article.id)[0] == article


def test_reporter_cannot_publish_by_any_op(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    settings.change(operator(site), {"approval": "off"})
    article = draft(reporter)
    for attempt in (
        lambda: act(reporter, Op.PUBLISH, article.id),
        lambda: service.publish_now(reporter, article.id),
        lambda: take(reporter, Op.SCHEDULE, article),
    ):
        with pytest.raises(DesaError):
            attempt()
    assert queries.published(site) == []


def test_an_editor_publishes_at_once_when_approval_is_off(site: Site) -> None:
    settings.change(operator(site), {"approval": "off"})
    editor = actor_as(site, Role.EDITOR)
    assert act(editor, Op.PUBLISH, draft(editor).id).state is State.PUBLISHED


def test_four_eyes_keeps_the_author_from_approving_the_own_text(site: Site) -> None:
    settings.change(operator(site), {"approval": "four_eyes"})
    approver, other = (actor_as(site, Role.APPROVER, name) for name in ("kades", "sekdes"))
    article = act(approver, Op.SUBMIT, draft(approver).id)
    with pytest.raises(Forbidden, match="orang lain"):
        act(approver, Op.APPROVE, article.id)
    assert act(other, Op.APPROVE, article.id).state is State.APPROVED


def test_returning_needs_a_note(site: Site) -> None:
    approver = actor_as(site, Role.APPROVER)
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    with pytest.raises(InvalidInput) as caught:
        act(approver, Op.RETURN, article.id, note="   ")
    assert "note" in caught.value.fields
    assert act(approver, Op.RETURN, article.id, note="Tambah nama").note == "Tambah nama"


def test_an_empty_text_cannot_be_submitted(site: Site) -> None:
    reporter = actor_as(site, Role.REPORTER)
    article = service.create(reporter, Text(title="Hanya judul"))
    with pytest.raises(InvalidInput, match="kosong"):
        act(reporter, Op.SUBMIT, article.id)


def test_readers_see_the_old_text_until_the_new_one_is_published(site: Site) -> None:
    editor = actor_as(site, Role.EDITOR)
    article = service.publish_now(operator(site), draft(editor).id)
    changed = Text(title="Jalan tani selesai", body="<p>Sudah jadi.</p>")
    saved = service.save(editor, article.id, changed, version=article.version).article
    assert (saved.state, saved.is_live) == (State.DRAFT, True)
    assert [i.title for i in queries.published(site)] == ["Jalan tani dibangun"]
    service.publish_now(operator(site), article.id)
    assert [i.title for i in queries.published(site)] == ["Jalan tani selesai"]


def test_a_withdrawn_article_is_gone_and_its_old_address_too(site: Site) -> None:
    boss = operator(site)
    article = service.publish_now(boss, draft(actor_as(site, Role.EDITOR)).id)
    service.move(boss, article.id, "jalan-baru")
    assert queries.live(site, article.slug) == queries.Moved("jalan-baru")
    act(boss, Op.WITHDRAW, article.id)
    for slug in (article.slug, "jalan-baru"):
        with pytest.raises(DesaError) as caught:
            queries.live(site, slug)
        assert caught.value.status == 410


def test_an_address_is_never_given_to_another_article(site: Site) -> None:
    boss = operator(site)
    first = service.publish_now(boss, draft(boss).id)
    service.move(boss, first.id, "alamat-kedua")
    assert draft(boss).slug == "jalan-tani-dibangun-2"
    with pytest.raises(Conflict):
        service.move(boss, draft(boss).id, "alamat-kedua")


def test_the_slug_follows_the_title_only_until_publication(site: Site) -> None:
    boss = operator(site)
    article = draft(boss)
    renamed = service.save(boss, article.id, Text(title="Judul baru", body="<p>x</p>")).article
    assert renamed.slug == "judul-baru"
    service.publish_now(boss, article.id)
    again = service.save(boss, article.id, Text(title="Judul ketiga", body="<p>x</p>")).article
    assert again.slug == "judul-baru"


def test_a_title_without_letters_gets_an_address_all_the_same(site: Site) -> None:
    assert draft(operator(site), title="😀😀").slug.startswith("berita-")


def test_two_people_at_once_one_wins_the_other_gets_a_sentence(site: Site) -> None:
    article = brought_to(site, State.SUBMITTED, actor_as(site, Role.REPORTER))
    approver, admin = actor_as(site, Role.APPROVER), actor_as(site, Role.ADMIN)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(actor: Actor, op: Op) -> None:
        with site.bound():
            start.wait()
            try:
                outcomes.append(take(actor, op, article).state)
            except Conflict as error:
                outcomes.append("refused" if "uat ulang" in str(error) else str(error))
            finally:
                site.close()

    threads = [
        threading.Thread(target=run, args=(approver, Op.APPROVE)),
        threading.Thread(target=run, args=(admin, Op.RETURN)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["approved", "refused"], ["refused", "returned"])


def test_scheduled_news_appears_when_its_time_has_come(site: Site) -> None:
    article = brought_to(site, State.SCHEDULED, actor_as(site, Role.REPORTER))
    clock_of(site).advance(days=0.9)
    assert due.tick(site, HANDLERS) == 0
    clock_of(site).advance(days=0.2)
    assert due.tick(site, HANDLERS) == 1
    assert queries.live_by_id(article.id) is not None
    assert due.tick(site, HANDLERS) == 0


@pytest.mark.parametrize("wrong_ms", [0, 2_145_916_800_000], ids=["1970", "2038"])
def test_a_wrong_clock_publishes_nothing_and_keeps_the_order(site: Site, wrong_ms: int) -> None:
    boss = operator(site)
    first = service.publish_now(boss, draft(boss, "Pertama").id)
    scheduled = brought_to(site, State.SCHEDULED, boss)
    good = clock_of(site).at_ms
    clock_of(site).set(wrong_ms)
    assert due.tick(site, HANDLERS) == 0
    second = service.publish_now(boss, draft(boss, "Kedua").id)
    assert [i.title for i in queries.published(site)] == ["Kedua", "Pertama"]
    assert next(iter(checks.planned(site))).level == "perlu dilihat"
    clock_of(site).set(good + 60_000)
    third = service.publish_now(boss, draft(boss, "Ketiga").id)
    moments = [a.published_at for a in (first, second, third)]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3
    clock_of(site).advance(days=2)
    assert due.tick(site, HANDLERS) == 1
    assert queries.live_by_id(scheduled.id) is not None


def test_a_confirmed_clock_is_trusted_again(site: Site) -> None:
    boss = operator(site)
    service.publish_now(boss, draft(boss).id)
    clock_of(site).advance(days=500)
    assert journal.clock_doubt(site) is not None
    journal.confirm_clock(boss)
    assert journal.clock_doubt(site) is None


def test_a_clock_set_back_is_trusted_after_a_person_confirmed_it(site: Site) -> None:
    boss = operator(site)
    good = clock_of(site).at_ms
    clock_of(site).advance(days=300)
    service.publish_now(boss, draft(boss).id)
    clock_of(site).set(good)
    assert journal.clock_doubt(site) is not None
    journal.confirm_clock(boss)
    assert journal.clock_doubt(site) is None
    assert journal.newest_ms(site) == good


def test_an_announcement_leaves_the_board_after_its_last_day(site: Site) -> None:
    boss = operator(site)
    text = Text(title="Air mati", body="<p>Selasa.</p>", expires_on="2026-11-24")
    notice = service.create(boss, text, kind=Kind.ANNOUNCEMENT)
    service.publish_now(boss, notice.id)
    assert [i.title for i in queries.board(site)] == ["Air mati"]
    clock_of(site).advance(days=2.6)
    due.tick(site, HANDLERS)
    assert [i.title for i in queries.board(site)] == ["Air mati"]
    clock_of(site).advance(days=0.4)
    due.tick(site, HANDLERS)
    assert queries.board(site) == []
    assert isinstance(queries.live(site, notice.slug), queries.Live)


def test_trash_is_emptied_after_thirty_days_and_not_before(site: Site) -> None:
    boss = operator(site)
    article = act(boss, Op.TRASH, draft(boss).id)
    clock_of(site).advance(days=29)
    due.tick(site, HANDLERS)
    assert queries.find(boss, article.id, trashed=True).id == article.id
    clock_of(site).advance(days=1.1)
    due.tick(site, HANDLERS)
    with pytest.raises(NotFound):
        queries.find(boss, article.id, trashed=True)


def test_a_published_article_must_be_withdrawn_before_the_trash(site: Site) -> None:
    boss = operator(site)
    article = service.publish_now(boss, draft(boss).id)
    with pytest.raises(Conflict, match="Tarik dulu"):
        act(boss, Op.TRASH, article.id)


def test_a_reporter_sees_only_own_articles(site: Site) -> None:
    one, two = (actor_as(site, Role.REPORTER, name) for name in ("nur", "siti"))
    article = draft(one)
    assert [i.id for i in queries.desk(one)] == [article.id]
    assert queries.desk(two) == []
    for attempt in (queries.get, service.open_for_edit, service.revisions_of):
        with pytest.raises(NotFound):
            attempt(two, article.id)


def test_an_approver_sees_what_was_submitted_but_no_foreign_draft(site: Site) -> None:
    approver, reporter = actor_as(site, Role.APPROVER), actor_as(site, Role.REPORTER)
    article = draft(reporter)
    assert queries.desk(approver) == []
    act(reporter, Op.SUBMIT, article.id)
    assert [i.id for i in queries.desk(approver)] == [article.id]


def test_a_new_domain_is_new_until_it_was_published(site: Site) -> None:
    boss = operator(site)
    body = '<p><a href="https://judi.example/x">x</a></p>'
    assert service.new_domains(body) == ["judi.example"]
    service.publish_now(boss, service.create(boss, Text(title="Tautan", body=body)).id)
    assert service.new_domains(body) == []


def test_publishing_names_exactly_the_pages_that_show_the_article(site: Site) -> None:
    boss = operator(site)
    rubrics.add_defaults(boss)
    text = Text(title="Tani", body="<p>x</p>", rubric="Pembangunan", tags=("Jalan Tani",))
    article = service.publish_now(boss, service.create(boss, text).id)
    keys = set(journal.read(site, journal.head(site).seq - 1)[0].keys)
    rubric = rubrics.rubric("pembangunan").id
    assert keys == {
        f"article:{article.id}", "list:article", "list:months", "month:2026-11",
        f"rubric:{rubric}", "tag:jalan-tani",
    }  # fmt: skip


def test_what_changes_behind_the_programs_back_is_named(site: Site) -> None:
    boss = operator(site)
    article = service.publish_now(boss, draft(boss).id)
    assert [f.level for f in checks.texts(site)] == ["baik"]
    db.execute(site.database, "UPDATE revision SET body = '<p>judi</p>'")
    db.execute(site.database, "UPDATE article SET slug = 'lain' WHERE id = ?", article.id)
    assert [f.level for f in checks.texts(site)] == ["rusak", "rusak"]


@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(ROLES), st.sampled_from(list(Op))), min_size=1, max_size=14
    )
)
def test_any_sequence_of_steps_keeps_the_promises(site: Site, steps: list[tuple[Role, Op]]) -> None:
    """Whatever people try: no stack trace, no hole in the journal, readers see approved texts."""
    owner = actor_as(site, Role.REPORTER)
    article = draft(owner, "Langkah")
    approved: set[str] = set()
    for role, op in steps:
        actor = actor_as(site, role)
        trashed = article.trashed_at is not None
        try:
            article = take(actor, op, article)
        except DesaError:
            pass
        else:
            if op in (Op.APPROVE, Op.PUBLISH):
                approved.add(article.working_revision_id)
            assert (op is Op.RESTORE) <= trashed
        if article.trashed_at is None:
            fresh = queries.get(operator(site), article.id)[0]
            assert fresh == article
            assert fresh.live_revision_id is None or fresh.live_revision_id in approved
    seqs = [row.seq for row in journal.read(site, 0, 10_000)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [f.level for f in checks.texts(site)] == ["baik"]
