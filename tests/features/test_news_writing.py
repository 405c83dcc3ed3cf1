"""Writing: revisions, merge of two people's edits, limits, typing that survives."""

from __future__ import annotations

import pytest

from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.errors import DesaError, InvalidInput, StaleVersion, TooLarge
from desa_web.core.site import Site
from desa_web.features.news import queries, rubrics, service
from desa_web.features.news.article import Text
from tests.harness.site import actor_as, clock_of

P = "<p>Satu.</p><p>Dua.</p><p>Tiga.</p>"
pytestmark = pytest.mark.both_databases


def test_ten_minutes_of_editing_are_one_revision(site: Site) -> None:
    nur = actor_as(site, Role.REPORTER)
    article = service.create(nur, Text(title="A", body="<p>1</p>"))
    for n in range(4):
        clock_of(site).advance(seconds=120)
        service.save(nur, article.id, Text(title="A", body=f"<p>{n}</p>"))
    assert [r.number for r in service.revisions_of(nur, article.id)] == [1]
    clock_of(site).advance(seconds=200)
    service.save(nur, article.id, Text(title="A", body="<p>lain</p>"))
    assert [r.number for r in service.revisions_of(nur, article.id)] == [2, 1]


def test_what_a_reviewer_saw_never_changes(site: Site) -> None:
    nur, boss = actor_as(site, Role.REPORTER), operator(site)
    article = service.create(nur, Text(title="A", body="<p>1</p>"))
    service.act(nur, service.Op.SUBMIT, article.id)
    shown = service.revisions_of(boss, article.id)[0]
    service.act(boss, service.Op.RETURN, article.id, note="lagi")
    service.save(nur, article.id, Text(title="A", body="<p>2</p>"))
    assert shown.is_frozen
    assert service.revision(boss, article.id, shown.id).text.body == "<p>1</p>"
    assert [r.number for r in service.revisions_of(boss, article.id)] == [2, 1]


def test_saving_the_same_text_leaves_no_trace(site: Site) -> None:
    nur = actor_as(site, Role.REPORTER)
    article = service.create(nur, Text(title="A", body=P))
    head = journal.head(site)
    saved = service.save(nur, article.id, Text(title="A", body=P)).article
    assert (journal.head(site), saved.version) == (head, article.version)


def test_edits_of_two_people_in_different_paragraphs_both_stay(site: Site) -> None:
    nur, laila = actor_as(site, Role.REPORTER), actor_as(site, Role.EDITOR)
    article = service.create(nur, Text(title="A", body=P))
    opened, base = service.open_for_edit(nur, article.id)
    service.save(laila, article.id, Text(title="A", body=P.replace("Tiga", "Tiga baru")))
    mine = Text(title="Judul baru", body=P.replace("Satu", "Satu baru"))
    saved = service.save(nur, article.id, mine, version=opened.version, base_revision_id=base.id)
    text = queries.get(nur, article.id)[1].text
    assert saved.merged
    assert text.title == "Judul baru"
    assert text.body == "<p>Satu baru.</p><p>Dua.</p><p>Tiga baru.</p>"


def test_edits_of_the_same_paragraph_keep_the_loser_as_a_revision(site: Site) -> None:
    nur, laila = actor_as(site, Role.REPORTER), actor_as(site, Role.EDITOR)
    article = service.create(nur, Text(title="A", body=P))
    opened, base = service.open_for_edit(nur, article.id)
    service.save(laila, article.id, Text(title="A", body=P.replace("Dua", "Dua laila")))
    mine = Text(title="A", body=P.replace("Dua", "Dua nur"))
    with pytest.raises(StaleVersion) as caught:
        service.save(nur, article.id, mine, version=opened.version, base_revision_id=base.id)
    kept = service.revision(nur, article.id, str(caught.value.details["revision_id"]))
    assert kept.text.body == mine.body
    assert "Dua laila" in queries.get(nur, article.id)[1].text.body


def test_a_stale_save_without_a_base_is_refused(site: Site) -> None:
    nur = actor_as(site, Role.REPORTER)
    article = service.create(nur, Text(title="A", body=P))
    service.save(nur, article.id, Text(title="B", body=P))
    with pytest.raises(StaleVersion):
        service.save(nur, article.id, Text(title="C", body=P), version=article.version)


def test_an_earlier_text_comes_back_as_a_new_revision(site: Site) -> None:
    nur = actor_as(site, Role.REPORTER)
    article = service.create(nur, Text(title="A", body="<p>lama</p>"))
    service.open_for_edit(nur, article.id)
    service.save(nur, article.id, Text(title="A", body="<p>baru</p>"))
    first = service.revisions_of(nur, article.id)[-1]
    service.restore(nur, article.id, first.id)
    assert queries.get(nur, article.id)[1].text.body == "<p>lama</p>"


def test_a_comparison_marks_what_changed(site: Site) -> None:
    nur = actor_as(site, Role.REPORTER)
    article = service.create(nur, Text(title="Lama", body="<p>dua puluh kader</p>"))
    service.open_for_edit(nur, article.id)
    service.save(nur, article.id, Text(title="Baru", body="<p>tiga puluh kader</p>"))
    newer, older = service.revisions_of(nur, article.id)
    found = service.compare(nur, article.id, older.id, newer.id)
    assert found.fields == (("title", "Lama", "Baru"),)
    assert "<ins>" in found.body
    assert "<del>" in found.body


def test_the_pen_warns_and_can_be_taken_over(site: Site) -> None:
    nur, laila = actor_as(site, Role.REPORTER), actor_as(site, Role.EDITOR)
    article = service.create(nur, Text(title="A"))
    assert service.take_pen(nur, article.id).is_mine
    assert not service.take_pen(laila, article.id).is_mine
    assert service.take_pen(laila, article.id, take_over=True).is_mine
    clock_of(site).advance(seconds=121)
    assert service.take_pen(nur, article.id).is_mine


def test_a_wrong_date_does_not_hold_the_pen(site: Site) -> None:
    nur, laila = actor_as(site, Role.REPORTER), actor_as(site, Role.EDITOR)
    article = service.create(nur, Text(title="A"))
    service.take_pen(nur, article.id)
    clock_of(site).set(0)
    clock_of(site).monotonic += 121
    assert service.take_pen(laila, article.id).is_mine


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"title": " \n "}, InvalidInput),
        ({"title": "x" * 161}, InvalidInput),
        ({"title": "a\x00b"}, InvalidInput),
        ({"title": "a\ud800"}, InvalidInput),
        ({"title": "a", "body": "<p>" + "x" * 5_000_000}, TooLarge),
        ({"title": "a", "body": "<p>" + "x" * 1_200_000}, TooLarge),
        ({"title": "a", "tags": tuple(f"t{n}" for n in range(13))}, InvalidInput),
        ({"title": "a", "rubric": "tidak-ada"}, InvalidInput),
        ({"title": "a", "expires_on": "21-11-2026"}, InvalidInput),
        ({"title": "a", "byline": "x" * 121}, InvalidInput),
    ],
)
def test_bad_text_is_refused_with_a_sentence_and_leaves_nothing(
    site: Site, fields: dict[str, object], kind: type[DesaError]
) -> None:
    head = journal.head(site)
    with pytest.raises(kind) as caught:
        service.create(operator(site), Text(**fields))  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")
    assert journal.head(site) == head
    assert queries.desk(operator(site)) == []


def test_text_is_kept_as_it_was_typed(site: Site) -> None:
    title = "Mbah Karsinem 😀 ngajari ꦧꦠꦶꦏ꧀ – “alon-alon”"
    made = service.create(operator(site), Text(title=title, tags=("#Batik", "batik", " Ngasem ")))
    text = queries.get(operator(site), made.id)[1].text
    assert (text.title, text.tags) == (title, ("Batik", "Ngasem"))


def test_lists_take_the_same_statements_whatever_the_number(site: Site) -> None:
    boss = operator(site)
    rubrics.add_defaults(boss)

    def statements() -> int:
        seen: list[str] = []
        real = site.database.execute_sql
        site.database.execute_sql = lambda sql, *a, **k: (seen.append(sql), real(sql, *a, **k))[1]
        try:
            queries.published(site, limit=12)
            queries.desk(boss, limit=12)
            queries.board(site)
        finally:
            site.database.execute_sql = real
        return len(seen)

    service.publish_now(boss, service.create(boss, Text(title="A", body="<p>x</p>")).id)
    few = statements()
    for n in range(15):
        service.publish_now(boss, service.create(boss, Text(title=f"B{n}", body="<p>x</p>")).id)
    assert statements() == few == 3
