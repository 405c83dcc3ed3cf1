"""Erasing for privacy: no byte of the text or its photo stays, and no restore brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from desa_web.core import erased, follow, journal
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Forbidden, NotFound
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Op, log
from desa_web.features import due_handlers, followers
from desa_web.features.media import masters
from desa_web.features.media import service as media
from desa_web.features.news import queries, service
from desa_web.features.news.article import Text
from desa_web.ops import backup
from tests.harness.site import actor_as, client, clock_of, post_form

SECRET = "Sukarmajenar"


def _caught_up(site: Site) -> None:
    follow.once(site, followers(site), due_handlers(site))


def _published(site: Site, tmp_path: Path, *, title: str = f"Korban bernama {SECRET}") -> str:
    boss = operator(site)
    picture = tmp_path / f"{title}.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture, "JPEG")
    photo = media.add(boss, picture, caption=f"Wajah {SECRET}")
    body = f"<p>{SECRET} tinggal di sini.</p>"
    article = service.create(boss, Text(title=title, body=body, lead_photo_id=photo.id))
    service.publish_now(boss, article.id)
    text = Text(title=title, body=body + "<p>Kedua.</p>", lead_photo_id=photo.id)
    service.save(boss, article.id, text)
    service.publish_now(boss, article.id)
    _caught_up(site)
    return article.id


def _files_with(folder: Path, word: str) -> list[str]:
    needle = word.lower().encode()
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(p.relative_to(folder)) for p in files if needle in p.read_bytes().lower()]


def test_no_file_of_the_site_holds_a_word_of_an_erased_article(site: Site, tmp_path: Path) -> None:
    reader = client(site)
    article_id = _published(site, tmp_path)
    address = f"/berita/{queries.find(operator(site), article_id).slug}"
    assert reader.get(address).status_code == 200
    assert reader.get(f"/cari?q={SECRET}").status_code == 200
    assert _files_with(site.path, SECRET)

    gone = service.erase(operator(site), article_id)
    _caught_up(site)

    assert (gone.revisions >= 2, gone.photos) == (True, 1)
    assert _files_with(site.path, SECRET) == []
    assert reader.get(address).status_code == 404
    assert list(masters.files(site)) == []


def test_the_log_blanks_every_line_of_an_erased_article(site: Site, tmp_path: Path) -> None:
    article_id = _published(site, tmp_path)
    assert SECRET.encode() in log.page(site, []).body
    service.erase(operator(site), article_id)
    _caught_up(site)
    said = log.said(site, "article", article_id)
    assert said is not None
    assert said.op is Op.ERASE
    assert SECRET.encode() not in log.page(site, []).body


def test_a_photo_that_another_article_shows_stays(site: Site, tmp_path: Path) -> None:
    boss = operator(site)
    article_id = _published(site, tmp_path)
    _article, revision = queries.get(boss, article_id)
    lead = revision.text.lead_photo_id
    service.create(boss, Text(title="Lain", lead_photo_id=lead))
    assert service.erase(boss, article_id).photos == 0
    assert media.get(lead) is not None


def test_an_older_backup_does_not_bring_an_erased_article_back(site: Site, tmp_path: Path) -> None:
    article_id = _published(site, tmp_path)
    kept = service.create(operator(site), Text(title="Tetap ada"))
    made = backup.create(site)
    service.erase(operator(site), article_id)
    site.close()

    backup.restore(made.file, site.path)
    restored = open_site(site.path, clock_of(site))
    with restored.bound():
        boss = operator(restored)
        with pytest.raises(NotFound):
            queries.find(boss, article_id)
        assert queries.find(boss, kept.id).id == kept.id
        assert list(masters.files(restored)) == []
        rows = journal.history(restored, "article", article_id)
        assert rows[-1].op == "erase"
    restored.close()


def test_a_backup_remembers_what_was_erased_before_it(site: Site, tmp_path: Path) -> None:
    article_id = _published(site, tmp_path)
    service.erase(operator(site), article_id)
    made = backup.create(site)
    backup.restore(made.file, tmp_path / "lain")
    assert ("article", article_id) in erased.read(tmp_path / "lain")


@pytest.mark.parametrize("role", [Role.REPORTER, Role.EDITOR, Role.APPROVER])
def test_only_who_cares_for_the_site_may_erase(site: Site, tmp_path: Path, role: Role) -> None:
    article_id = _published(site, tmp_path)
    with pytest.raises(Forbidden):
        service.erase(actor_as(site, role), article_id)
    assert queries.find(operator(site), article_id).is_live
    assert erased.read(site.path) == []


def test_half_a_line_of_a_power_cut_is_no_entry(site: Site) -> None:
    erased.note(site.path, "article", "a1")
    with (site.path / erased.FILE).open("a") as handle:
        handle.write("article a2")
    assert erased.read(site.path) == [("article", "a1")]
    erased.note(site.path, "article", "a3")
    assert ("article", "a3") in erased.read(site.path)


def test_an_admin_erases_in_the_browser_after_saying_so(site: Site, tmp_path: Path) -> None:
    article_id = _published(site, tmp_path)
    page = f"/kelola/berita/{article_id}/riwayat"
    action = f"/kelola/berita/{article_id}/hapus-selamanya"
    web = client(site, actor_as(site, Role.ADMIN))
    refused = post_form(web, action, {}, page=page)
    assert refused.status_code == 422
    assert "Centang dulu" in refused.get_data(as_text=True)
    assert queries.find(operator(site), article_id).is_live
    assert post_form(web, action, {"sure": "1"}, page=page).status_code == 303
    with pytest.raises(NotFound):
        queries.find(operator(site), article_id)


def test_an_editor_sees_no_button_to_erase(site: Site, tmp_path: Path) -> None:
    article_id = _published(site, tmp_path)
    web = client(site, actor_as(site, Role.EDITOR))
    page = web.get(f"/kelola/berita/{article_id}/riwayat").get_data(as_text=True)
    assert "hapus-selamanya" not in page
