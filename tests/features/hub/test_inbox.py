"""The inbox: what a village says becomes an item, what an officer decides becomes an article."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Conflict, DesaError, Forbidden, InvalidInput, TooLarge
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Op as Said
from desa_web.engines.sync import Statement
from desa_web.features.hub import inbox, intake, items, sources
from desa_web.features.hub.item import Look, State
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Source, Trust
from desa_web.features.media import service as media
from desa_web.features.news import queries, rubrics
from desa_web.features.news import service as news
from desa_web.features.news.article import State as Step
from desa_web.features.news.article import Text
from desa_web.features.news.models import ArticleRow, RevisionRow
from tests.harness.hub import Desa, view
from tests.harness.site import actor_as, clock_of
from tests.harness.sync import Notes, Village

pytestmark = pytest.mark.both_databases


def item_of(source: Source, object_id: str) -> str:
    found = items.of_object(source.id, object_id)
    assert found is not None
    return found.id


def article_of(hub: Site, item_id: str) -> tuple[ArticleRow, RevisionRow]:
    found = items.get(hub, item_id).item
    row = ArticleRow.get_by_id(found.article_id)
    return row, RevisionRow.get_by_id(row.live_revision_id or row.working_revision_id)


def receipt(source: Source, object_id: str) -> tuple[str, int, str]:
    sql = "SELECT status, rev, reason FROM hub_receipt WHERE source_id = ? AND object_id = ?"
    row = db.execute(db.current(), sql, source.id, object_id).fetchone()
    assert row is not None
    return tuple(row)


def test_a_villages_news_waits_and_is_published_with_photo_and_credit(
    hub: Site, desa: Desa, source: Source
) -> None:
    rubrics.add_defaults(operator(hub))
    lead, inside = desa.add_photo(caption="Panen."), desa.add_photo(credit="Siti")
    body = f'<p>Warga panen.</p><figure data-foto="{inside}">Di sawah.</figure>'
    made = desa.publish(
        "Panen raya", body, lead_photo_id=lead, rubric="kesehatan", byline="Nur Aini",
        tags=("padi", "air"), standfirst="Ringkas.",
    )  # fmt: skip
    desa.sync(hub)
    (waiting,) = items.listing(Shelf.NEW)
    assert (waiting.title, waiting.state, waiting.rev) == ("Panen raya", State.NEW, 1)
    assert receipt(source, made)[:2] == ("accepted", 1)
    officer = actor_as(hub, Role.OFFICER)
    done = inbox.publish(officer, waiting.id)
    row, text = article_of(hub, done.id)
    assert (row.state, text.title, text.source) == ("published", "Panen raya", source.name)
    assert (text.byline, list(text.tags), text.standfirst) == (
        "Nur Aini",
        ["padi", "air"],
        "Ringkas.",
    )
    rubric = rubrics.rubric("kesehatan")
    assert text.rubric_id == rubric.id
    (shown,) = media.photo_ids(text.body)
    photos = media.photos([text.lead_photo_id or "", shown])
    assert photos[text.lead_photo_id or ""].caption == "Panen."
    assert (photos[shown].credit, photos[shown].alt) == ("Siti", "Warga")
    assert receipt(source, made)[:2] == ("published", 1)
    origin = items.of_article(row.id)
    assert origin is not None
    assert (origin.source_name, origin.is_derivative) == (source.name, False)
    assert items.listing(Shelf.NEW) == []
    assert view(hub, source) == desa.truth()


def test_an_update_waits_for_a_look_and_then_replaces_our_text(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    first = inbox.publish(operator(hub), item_id)
    desa.edit(made, title="Rapat desa", body="<p>Dibetulkan.</p>")
    desa.sync(hub)
    assert article_of(hub, item_id)[1].title == "Rapat"
    found = items.get(hub, item_id)
    assert (found.look, found.item.rev) == (Look.UPDATED, 2)
    assert [one.id for one in items.listing(Shelf.UPDATED)] == [item_id]
    with pytest.raises(Conflict):
        inbox.publish(operator(hub), item_id, version=first.version)
    inbox.publish(operator(hub), item_id, version=found.item.version)
    row, text = article_of(hub, item_id)
    assert (row.id, text.title, text.body) == (first.article_id, "Rapat desa", "<p>Dibetulkan.</p>")
    assert receipt(source, made)[:2] == ("published", 2)
    assert items.counts()[Shelf.UPDATED] == 0


def test_an_address_that_changed_is_no_news_but_the_link_follows(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    inbox.publish(operator(hub), item_id)
    with journal.change(operator(hub)):
        sources.change(operator(hub), source.id, address="https://sukamaju.desa.id")
    desa.move(made, "rapat-baru")
    desa.sync(hub)
    found = items.get(hub, item_id)
    assert (found.look, found.item.rev) == (Look.NONE, 2)
    assert found.link == "https://sukamaju.desa.id/berita/rapat-baru"


def test_what_was_edited_here_is_a_derivative_and_never_overwritten(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    done = inbox.publish(operator(hub), item_id)
    ours = queries.get(operator(hub), done.article_id or "")[1].text
    news.save(operator(hub), done.article_id or "", Text.from_mapping({"title": "Kata kami"}, ours))
    news.publish_now(operator(hub), done.article_id or "")
    sources.trust(operator(hub), source.id, Trust.AUTO)
    desa.edit(made, title="Kata desa")
    desa.sync(hub)
    assert list(inbox.work_off(hub)) == []
    assert items.get(hub, item_id).look is Look.DERIVATIVE
    assert article_of(hub, item_id)[1].title == "Kata kami"
    origin = items.of_article(done.article_id or "")
    assert origin is not None
    assert origin.is_derivative
    with pytest.raises(Conflict):
        inbox.publish(operator(hub), item_id)
    inbox.settle(operator(hub), item_id)
    assert items.get(hub, item_id).look is Look.NONE
    desa.edit(made, title="Kata desa lagi")
    desa.sync(hub)
    inbox.publish(operator(hub), item_id, replaces_edit=True)
    assert article_of(hub, item_id)[1].title == "Kata desa lagi"
    assert items.get(hub, item_id).is_derivative is False


@pytest.mark.parametrize("is_edited", [False, True])
@pytest.mark.parametrize("how", ["withdraw", "delete"])
def test_a_village_that_takes_back_takes_ours_from_readers_at_once(
    hub: Site, desa: Desa, source: Source, how: str, is_edited: bool
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    done = inbox.publish(operator(hub), item_id)
    if is_edited:
        text = Text(title="Kata kami", body="<p>Lain.</p>")
        news.save(operator(hub), done.article_id or "", text)
        news.publish_now(operator(hub), done.article_id or "")
    getattr(desa, how)(made)
    desa.sync(hub)
    row = ArticleRow.get_by_id(done.article_id)
    assert (row.live_revision_id, row.state) == (None, Step.WITHDRAWN)
    assert items.get(hub, item_id).look is Look.WITHDRAWN
    assert receipt(source, made)[0] == "withdrawn"
    assert [one.id for one in items.listing(Shelf.WITHDRAWN)] == [item_id]
    with pytest.raises(Conflict):
        inbox.publish(operator(hub), item_id)
    inbox.settle(operator(hub), item_id)
    assert items.counts()[Shelf.WITHDRAWN] == 0
    assert view(hub, source) == desa.truth() == {}


def test_what_was_never_published_goes_without_a_word(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    desa.withdraw(made)
    desa.sync(hub)
    assert set(items.counts().values()) == {0}


def test_what_comes_back_waits_and_reaches_readers_again(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    first = inbox.publish(operator(hub), item_id)
    desa.withdraw(made)
    desa.sync(hub)
    desa.edit(made)
    desa.sync(hub)
    assert items.get(hub, item_id).look is Look.BACK
    assert article_of(hub, item_id)[0].live_revision_id is None
    again = inbox.publish(operator(hub), item_id)
    assert again.article_id == first.article_id
    assert article_of(hub, item_id)[0].state == "published"


def test_erasing_removes_every_byte_of_text_and_photo(
    hub: Site, desa: Desa, source: Source
) -> None:
    lead = desa.add_photo(caption="Rahasia keluarga")
    made = desa.publish("Rahasia keluarga", "<p>Rahasia keluarga.</p>", lead_photo_id=lead)
    desa.sync(hub)
    item_id = item_of(source, made)
    done = inbox.publish(operator(hub), item_id)
    desa.edit(made, title="Rahasia keluarga lagi", body="<p>" + "Rahasia. " * 2000 + "</p>")
    desa.sync(hub)
    inbox.publish(operator(hub), item_id)
    desa.erase(made)
    desa.sync(hub)
    assert ArticleRow.get_or_none(ArticleRow.id == done.article_id) is None
    found = items.get(hub, item_id)
    assert (found.item.op, found.item.title, found.item.article_id) == ("erase", "", None)
    kept = [p for p in hub.media.rglob("*") if p.is_file()]
    assert kept == []
    for table in _tables(hub):
        rows = db.execute(hub.database, f"SELECT * FROM {table}").fetchall()
        assert "Rahasia" not in repr(rows), table
    assert set(items.counts().values()) == {0}
    if db.is_sqlite(hub.database):
        for file in hub.data.glob("desa.db*"):
            assert b"Rahasia" not in file.read_bytes(), file.name


def _tables(hub: Site) -> list[str]:
    hubs = ["hub_item", "hub_photo", "hub_item_photo", "hub_receipt", "sync_received", "sync_line"]
    return [*hubs, "article", "revision", "article_slug", "photo", "journal"]


def test_a_photo_that_comes_late_is_put_into_what_is_published(
    hub: Site, desa: Desa, source: Source
) -> None:
    lead = desa.add_photo()
    made = desa.publish("Rapat", lead_photo_id=lead)
    page = desa.page_for(hub)
    intake.taken(hub, source.id, page)
    item_id = item_of(source, made)
    inbox.publish(operator(hub), item_id)
    assert article_of(hub, item_id)[1].lead_photo_id is None
    assert list(items.get(hub, item_id).photo_states.values()) == ["wanted"]
    desa.carry_photos(hub, source)
    (done,) = inbox.work_off(hub)
    assert done.item is not None
    assert article_of(hub, item_id)[1].lead_photo_id
    assert list(inbox.work_off(hub)) == []
    assert items.get(hub, item_id).look is Look.NONE


def test_a_late_photo_brings_no_text_that_nobody_looked_at(
    hub: Site, desa: Desa, source: Source
) -> None:
    lead = desa.add_photo()
    made = desa.publish("Rapat", lead_photo_id=lead)
    intake.taken(hub, source.id, desa.page_for(hub))
    item_id = item_of(source, made)
    inbox.publish(operator(hub), item_id)
    desa.edit(made, title="Belum diperiksa")
    desa.sync(hub)
    assert list(inbox.work_off(hub)) == []
    assert article_of(hub, item_id)[1].title == "Rapat"
    inbox.take_back(operator(hub), item_id)
    assert list(inbox.work_off(hub)) == []
    assert article_of(hub, item_id)[0].live_revision_id is None


def test_a_trusted_villages_news_goes_on_by_itself_announcements_do_not(
    hub: Site, desa: Desa, source: Source
) -> None:
    sources.trust(operator(hub), source.id, Trust.AUTO)
    made = desa.publish("Rapat")
    with desa.site.bound():
        text = Text(title="Air mati", body="<p>Besok.</p>")
        notice = news.create(desa.actor, text, kind=news.Kind.ANNOUNCEMENT)
        news.publish_now(desa.actor, notice.id)
    desa.sync(hub)
    assert [done.item is not None for done in inbox.work_off(hub)] == [True]
    assert article_of(hub, item_of(source, made))[1].title == "Rapat"
    desa.edit(made, title="Rapat desa")
    desa.sync(hub)
    list(inbox.work_off(hub))
    assert article_of(hub, item_of(source, made))[1].title == "Rapat desa"
    assert [one.title for one in items.listing(Shelf.NEW)] == ["Air mati"]


def test_enough_accepted_news_make_a_confirmed_village_trusted(
    hub: Site, desa: Desa, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESA_TRUST_AFTER", "2")
    made = [desa.publish(f"Kabar {n}") for n in range(3)]
    desa.sync(hub)
    generous = open_site(hub.path, clock_of(hub))
    with generous.bound():
        for n, object_id in enumerate(made[:2]):
            assert sources.get(hub, source.id).trust is Trust.REVIEW, n
            inbox.publish(operator(generous), item_of(source, object_id))
    generous.close()
    assert sources.get(hub, source.id).trust is Trust.AUTO
    assert len(list(inbox.work_off(hub))) == 1


def test_returning_tells_the_reason_and_a_new_text_waits_again(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    with pytest.raises(InvalidInput):
        inbox.return_(operator(hub), item_id, " ")
    inbox.return_(operator(hub), item_id, "Sebutkan jumlah warga.")
    assert receipt(source, made) == ("returned", 1, "Sebutkan jumlah warga.")
    assert [one.id for one in items.listing(Shelf.RETURNED)] == [item_id]
    desa.edit(made, body="<p>Hadir 40 warga.</p>")
    desa.sync(hub)
    assert [one.id for one in items.listing(Shelf.NEW)] == [item_id]


def test_held_news_waits_aside_and_a_publication_can_be_taken_back(
    hub: Site, desa: Desa, source: Source
) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    inbox.hold(operator(hub), item_id)
    assert (items.counts()[Shelf.NEW], items.counts()[Shelf.HELD]) == (0, 1)
    inbox.publish(operator(hub), item_id)
    with pytest.raises(Conflict):
        inbox.hold(operator(hub), item_id)
    inbox.take_back(operator(hub), item_id)
    assert article_of(hub, item_id)[0].live_revision_id is None
    assert items.counts()[Shelf.HELD] == 1
    inbox.publish(operator(hub), item_id)
    assert article_of(hub, item_id)[0].state == "published"


def test_only_who_runs_the_hub_decides(hub: Site, desa: Desa, source: Source) -> None:
    made = desa.publish("Rapat")
    desa.sync(hub)
    item_id = item_of(source, made)
    for role in (Role.EDITOR, Role.APPROVER, Role.REPORTER):
        actor = actor_as(hub, role)
        for decide in (
            lambda a: inbox.publish(a, item_id), lambda a: inbox.hold(a, item_id),
            lambda a: inbox.return_(a, item_id, "x"), lambda a: inbox.settle(a, item_id),
            lambda a: inbox.take_back(a, item_id), lambda a: sources.pause(a, source.id),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                decide(actor)


def test_the_same_page_twice_changes_nothing(hub: Site, desa: Desa, source: Source) -> None:
    made = [desa.publish(f"Kabar {n}") for n in range(3)]
    page = desa.page_for(hub)
    intake.taken(hub, source.id, page)
    inbox.publish(operator(hub), item_of(source, made[0]))
    before = _everything()
    for _n in range(2):
        intake.taken(hub, source.id, page)
    assert _everything() == before


def _everything() -> list[object]:
    tables = ("hub_item", "hub_receipt", "hub_photo", "journal", "article")
    return [db.execute(db.current(), f"SELECT * FROM {t} ORDER BY 1, 2").fetchall() for t in tables]


class Odd(Notes):
    """An article of which a village says whatever the test wants."""

    kind = "article"

    def __init__(self, content: dict[str, object]) -> None:
        super().__init__()
        self.content = content

    def _put(self, note_id: str, revision: str) -> Statement:
        return Statement(op=Said.PUT, object_id=note_id, revision=revision, content=self.content)


def publish_when_told(hub: Site, barrier: threading.Barrier, item_id: str) -> None:
    with hub.bound():
        barrier.wait()
        with suppress(DesaError):
            inbox.publish(operator(hub), item_id)
    hub.close()


def test_a_withdrawal_and_a_publication_at_once_leave_nothing_with_readers(
    hub: Site, desa: Desa, source: Source
) -> None:
    """Two connections at once: whoever is first, what the village took back is not public."""
    for n in range(6):
        made = desa.publish(f"Kabar {n}")
        desa.sync(hub)
        item_id = item_of(source, made)
        desa.withdraw(made)
        page = desa.page_for(hub)
        beside = open_site(hub.path, clock_of(hub))
        barrier = threading.Barrier(2)
        work = partial(publish_when_told, beside, barrier, item_id)
        thread = threading.Thread(target=work)
        thread.start()
        barrier.wait()
        intake.taken(hub, source.id, page)
        thread.join()
        found = items.get(hub, item_id)
        assert found.item.op == "unpublish"
        assert found.published_url == ""


@pytest.mark.parametrize(
    "change",
    [
        {"title": None}, {"title": 7}, {"title": ""}, {"title": "x" * 5000}, {"body": ["x"]},
        {"body": "<p>" * 4000}, {"tags": "padi"}, {"tags": [1, None, "x" * 200]}, {"media": {}},
        {"media": [None, 1, {"sha256": "x"}, {"sha256": "a" * 64, "id": "../x"}]},
        {"published_at": "9999-12-31T23:59:59+00:00"}, {"published_at": "kemarin"},
        {"published_at": 10**400}, {"corrected_on": "2026-99-99"}, {"expires_on": "x\u0000y"},
        {"title": "a\u0000b", "body": "<p>\u0000</p>"}, {"rubric": {"a": 1}}, {"slug": "../../x"},
        {"type": "bom"}, {"licence": "<script>"}, {"body": "<script>alert(1)</script><p>Isi</p>"},
        {"standfirst": "y" * 100_000}, {"byline": "\u202e\u0007"},
    ],
)  # fmt: skip
def test_whatever_a_village_writes_an_officer_can_publish_or_leave_it(
    hub: Site, desa: Desa, source: Source, change: dict[str, object]
) -> None:
    """A signed line may hold anything: nothing of it stops the others, or the page."""
    said = {"title": "Rapat", "body": "<p>Isi.</p>", **change}
    with desa.site.bound():
        village = Village(
            desa.site, Odd({n: value for n, value in said.items() if value is not None})
        )
        village.put("aneh", "x")
        village.follow()
        page = village.everything()
    assert intake.taken(hub, source.id, page).problem is None
    found = items.get(hub, item_of(source, "aneh"))
    assert found.item.published_at.year < 2100
    done = inbox.publish(operator(hub), found.item.id)
    _row, text = article_of(hub, done.id)
    assert "script" not in text.body
    assert "\x00" not in repr(text.__data__)


def test_a_text_too_long_for_us_is_named_and_never_cut_in_silence(
    hub: Site, desa: Desa, source: Source
) -> None:
    with desa.site.bound():
        odd = Odd({"title": "Panjang", "body": "<p>" + "kata " * 240_000 + "</p>"})
        village = Village(desa.site, odd)
        village.put("panjang", "x")
        village.follow()
        page = village.everything()
    assert intake.taken(hub, source.id, page).problem is None
    with pytest.raises(TooLarge):
        inbox.publish(operator(hub), item_of(source, "panjang"))
    sources.trust(operator(hub), source.id, Trust.AUTO)
    (left,) = inbox.work_off(hub)
    assert (left.item, "terlalu panjang" in left.sentence) == (None, True)
