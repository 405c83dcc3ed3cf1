"""What the program brings along comes in whole; what goes out as files comes back the same."""

from __future__ import annotations

import filecmp
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from desa_web.core import checks, settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.site import Site
from desa_web.features import checks as all_checks
from desa_web.features.media import service as media
from desa_web.features.media.photo import Children
from desa_web.features.news import importer, queries, rubrics, service
from desa_web.features.news.article import Kind, State, Text
from desa_web.features.news.importer import Outcome
from desa_web.features.news.workflow import Op
from desa_web.features.pages import files, menu
from desa_web.features.pages import queries as pages
from desa_web.features.pages import service as page_service
from desa_web.features.pages.page import Text as PageText
from desa_web.features.portal import furnish
from tests.harness.site import FakeClock, actor_as, client, clock_of, make_site


def test_starter_comes_in_whole_and_twice_changes_nothing(site: Site) -> None:
    folder, actor = furnish.content_folder("starter"), operator(site)
    seen: list[importer.Imported] = []
    assert furnish.furnish(actor, folder, seen.append) == []
    assert {done.outcome for done in seen} <= {Outcome.CREATED, Outcome.UPDATED}
    again: list[importer.Imported] = []
    assert furnish.furnish(actor, folder, again.append) == []
    assert {done.outcome for done in again} == {Outcome.UNCHANGED}
    home = client(site).get("/").get_data(as_text=True)
    assert "Situs desa kini dibuka untuk warga" in home
    assert "Profil Desa" in home
    assert _broken(site) == []


def test_demo_comes_in_whole_and_every_trip_leaves_the_same_files(
    site: Site, tmp_path: Path
) -> None:
    folder, actor = furnish.content_folder("demo"), operator(site)
    furnish.add_accounts(actor, folder, lambda login: f"empat kata rahasia {login}")
    assert furnish.furnish(actor, folder) == []
    again: list[importer.Imported] = []
    furnish.furnish(actor, folder, again.append)
    assert Counter(done.outcome for done in again) == {Outcome.UNCHANGED: len(again)}
    files_in = len([*(folder / "news").glob("*.md"), *(folder / "pages").glob("*.md")])
    assert len(again) == files_in + 1
    home = client(site).get("/").get_data(as_text=True)
    assert home.index("Jalan tani Kedungrejo") < home.index("Kabar terbaru")
    assert "Selesai 15 menit" in home
    assert "Air bersih mati" in home
    _there_and_back(site, tmp_path)
    assert _broken(site) == []


def test_every_state_address_and_word_survives_the_trip(
    site: Site, clock: FakeClock, tmp_path: Path
) -> None:
    editor = actor_as(site, Role.ADMIN)
    rubrics.add_defaults(operator(site))
    odd = rubrics.add(editor, "Kabar Dusun")
    rubrics.rename(editor, odd.slug, "Kabar dari dusun: “RT” & RW")
    _all_states(editor, odd.slug, clock)
    _odd_texts(editor, tmp_path)
    _odd_pages(editor)
    other = _there_and_back(site, tmp_path)
    with other.bound():
        moved = queries.live(other, "nama-lama")
        assert isinstance(moved, queries.Moved)
        live = queries.live(other, "dua-naskah")
        assert isinstance(live, queries.Live)
        assert live.revision.text.body == "<p>Yang dibaca warga.</p>"
        _article, working = queries.get(operator(other), live.article.id)
        assert working.text.body == "<p>Usulan baru.</p>"
        known = {p.caption: p for p in media.photos(_photo_ids(other)).values()}
        assert known["Anak di taman"].children is Children.UNASKED


def _all_states(editor: Actor, rubric: str, clock: FakeClock) -> None:
    def made(title: str, **more: str) -> str:
        text = Text(title=title, body=f"<p>Isi {title}.</p>", rubric=rubric)
        return service.create(editor, replace(text, **more)).id  # type: ignore[arg-type]

    made("Draf: dengan titik dua")
    for name, ops in {
        "Diajukan": (Op.SUBMIT,),
        "Dikembalikan": (Op.SUBMIT, Op.RETURN),
        "Disetujui": (Op.SUBMIT, Op.APPROVE),
        "Terjadwal": (Op.SUBMIT, Op.APPROVE, Op.SCHEDULE),
        "Terbit": (Op.SUBMIT, Op.APPROVE, Op.PUBLISH),
        "Ditarik": (Op.SUBMIT, Op.APPROVE, Op.PUBLISH, Op.WITHDRAW),
    }.items():
        article = made(name)
        clock.advance(seconds=3601.5)
        for op in ops:
            later = datetime.fromtimestamp(clock.now_ms() / 1000 + 86_400, UTC)
            at = later if op is Op.SCHEDULE else None
            service.act(editor, op, article, note="Catatan: “ya”", at=at)
    both = made("Dua naskah")
    service.save(editor, both, Text(title="Dua naskah", body="<p>Yang dibaca warga.</p>"))
    service.publish_now(editor, both)
    service.save(editor, both, Text(title="Dua naskah", body="<p>Usulan baru.</p>"))
    service.act(editor, Op.SUBMIT, both)
    moved = made("Nama lama", correction="Salah tulis nama.", corrected_on="2026-11-21")
    service.publish_now(editor, moved)
    service.move(editor, moved, "nama-baru")
    service.send_to_kominfo(editor, moved, False)
    notice = Text(title="Air mati", body="<p>Selasa.</p>", expires_on="2026-12-01")
    service.publish_now(editor, service.create(editor, notice, kind=Kind.ANNOUNCEMENT).id)


def _odd_texts(editor: Actor, folder: Path) -> None:
    """Texts that a careless format would bend: marks, tables, photos with and without a lead."""
    inside = _photo(editor, folder, "dalam.jpg", "#335577", caption="Anak di taman")
    media.describe(
        editor, inside, children=Children.UNASKED, place="Dusun Krajan", focus=(0.9, 0.1)
    )
    lead = _photo(editor, folder, "utama.jpg", "#775533", caption="Balai desa", credit="Nur/KIM")
    figure = (
        f'<figure data-foto="{inside}"><figcaption>Keterangan [lain] *khusus*</figcaption></figure>'
    )
    body = (
        "<h2>Sub # judul</h2><p>--- bukan garis<br>* bukan daftar</p><ul><li><p>satu</p></li></ul>"
        "<table><thead><tr><th>a | b</th><th>c</th></tr></thead><tbody><tr><td>1</td><td></td></tr>"
        f"</tbody></table>{figure}<p>Aksara \ua9a5\ua98f\ua9c0 &amp; emoji \U0001f33e</p>"
    )
    for title, lead_id in (("Foto di dalam saja", ""), ("Foto utama saja", lead), ("Sama", inside)):
        text = Text(
            title=f"{title}: 'kutip' #1 - {{ya}}",
            body=body if lead_id != lead else "<p>Tanpa gambar di isi.</p>",
            lead_photo_id=lead_id,
            tags=("null", "2026-11-21", "no", "Dana Desa"),
            standfirst="ya: tidak, 007",
            byline="Nur Aini",
        )
        service.publish_now(editor, service.create(editor, text).id)


def _odd_pages(editor: Actor) -> None:
    top = page_service.create(editor, PageText(title="Profil: desa", standfirst="yes"))
    below = page_service.create(editor, PageText(title="No", body="<p>a</p>"), parent_id=top.id)
    page_service.place(editor, below.id, slug="sejarah", position=0)
    away = page_service.create(editor, PageText(title="Dibuang"))
    item = menu.add(editor, 'Profil "kita"', page_id=top.id)
    menu.add(editor, "Berita", path="/berita/", parent_id=item)
    menu.add(editor, "Dibuang", page_id=away.id)
    page_service.trash(editor, away.id)


def test_a_file_takes_nothing_back_and_goes_no_way_round_a_rule(site: Site, tmp_path: Path) -> None:
    rubrics.add_defaults(operator(site))
    reporter, file = actor_as(site, Role.REPORTER), tmp_path / "kabar.md"
    file.write_text("---\ntitle: Kabar\nstate: published\n---\n\nIsi.\n", encoding="utf-8")
    refused = next(iter(importer.import_path(reporter, file)))
    assert refused.outcome is Outcome.REFUSED
    assert queries.desk(operator(site)) == []
    editor = actor_as(site, Role.ADMIN)
    assert next(iter(importer.import_path(editor, file))).outcome is Outcome.CREATED
    file.write_text("---\ntitle: Kabar\nstate: draft\n---\n\nIsi.\n", encoding="utf-8")
    assert next(iter(importer.import_path(editor, file))).outcome is Outcome.UNCHANGED
    assert queries.find(editor, "kabar").state is State.PUBLISHED


def test_an_approved_text_is_recalled_before_a_file_changes_it(site: Site, tmp_path: Path) -> None:
    editor, file = actor_as(site, Role.ADMIN), tmp_path / "kabar.md"
    file.write_text("---\ntitle: Kabar\nstate: approved\n---\n\nIsi.\n", encoding="utf-8")
    assert next(iter(importer.import_path(editor, file))).outcome is Outcome.CREATED
    assert next(iter(importer.import_path(editor, file))).outcome is Outcome.UNCHANGED
    file.write_text("---\ntitle: Kabar\nstate: approved\n---\n\nLain.\n", encoding="utf-8")
    assert next(iter(importer.import_path(editor, file))).outcome is Outcome.UPDATED
    article = queries.find(editor, "kabar")
    assert article.state is State.APPROVED
    assert queries.working_text(article).text.body == "<p>Lain.</p>"


def test_an_address_of_another_article_is_not_taken(site: Site, tmp_path: Path) -> None:
    editor = actor_as(site, Role.ADMIN)
    service.publish_now(editor, service.create(editor, Text(title="Satu", body="<p>x</p>")).id)
    file = tmp_path / "dua.md"
    file.write_text("---\ntitle: Dua\naliases: [satu]\n---\n\nIsi.\n", encoding="utf-8")
    with pytest.raises(Conflict):
        importer.import_file(editor, file, tmp_path)
    assert [item.title for item in queries.desk(editor)] == ["Satu"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tanpa.md", "Isi saja."),
        ("kunci.md", "---\ntitle: A\nwarna: merah\n---\n"),
        ("angka.md", "---\ntitle: A\nposition: dua\n---\n"),
        ("induk.md", "---\ntitle: A\nparent: tidak-ada\n---\n"),
        ("diri.md", "---\ntitle: Diri\nslug: diri\nparent: diri\n---\n"),
        ("yaml.md", "---\ntitle: [\n---\n"),
        ("judul.md", "---\nslug: a\n---\nIsi\n"),
        ("foto.md", "---\ntitle: A\nphotos: [{file: ../../etc/passwd}]\n---\n"),
    ],
)
def test_a_wrong_page_file_is_named_and_the_others_come_in(
    site: Site, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "zzz.md").write_text("---\ntitle: Baik\n---\n\nIsi.\n", encoding="utf-8")
    done = {d.file: d for d in files.import_path(operator(site), tmp_path)}
    assert done[name].outcome is Outcome.REFUSED
    assert done[name].sentence.startswith(f"{name}: ")
    assert done["zzz.md"].outcome is Outcome.CREATED
    assert [node.title for node in pages.tree(site)] == ["Baik"]


def test_pages_come_in_whatever_their_files_are_called(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: Anak\nparent: induk\n---\n", encoding="utf-8")
    (tmp_path / "b.md").write_text(
        "---\ntitle: Induk\nslug: induk\nmenu: true\n---\n", encoding="utf-8"
    )
    outcomes = {d.outcome for d in files.import_path(operator(site), tmp_path)}
    assert outcomes == {Outcome.CREATED}
    assert [(n.title, n.depth) for n in pages.tree(site)] == [("Induk", 0), ("Anak", 1)]
    assert [item.title for item in menu.items(site)] == ["Induk"]


@pytest.mark.parametrize(
    "text",
    [
        "bukan toml =",
        '[[item]]\ntitle = "A"\nurl = "/a"\npage = "kontak"',
        '[[item]]\ntitle = "A"\npage = "tidak-ada"',
        '[[item]]\ntitle = "A"\nurl = "https://jahat.example"',
        '[[item]]\ntitle = "A"\nurl = "/a"\nwarna = "merah"',
        "item = 3",
    ],
)
def test_a_wrong_menu_leaves_the_old_one(site: Site, tmp_path: Path, text: str) -> None:
    menu.add(operator(site), "Lama", path="/berita/")
    page_service.create(operator(site), PageText(title="Kontak"))
    file = tmp_path / "menu.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"menu\.toml"):
        files.import_menu(operator(site), file)
    assert [item.title for item in menu.items(site)] == ["Lama"]


def test_services_on_the_front_page_are_checked(site: Site) -> None:
    actor = operator(site)
    settings.change(actor, {"services": ["KTP dan KK: Lihat yang dibawa: /halaman/layanan"]})
    assert "Lihat yang dibawa" in client(site).get("/").get_data(as_text=True)
    for wrong in (["KTP"], ["KTP: Cepat: https://jahat.example"], ["a: b: /c"] * 7):
        with pytest.raises(InvalidInput):
            settings.change(actor, {"services": wrong})


def _there_and_back(site: Site, folder: Path) -> Site:
    """Export, import into a new village, export again: all files but photos byte for byte."""
    one, two = folder / "satu", folder / "dua"
    _export(operator(site), one)
    (folder / "baru").mkdir()
    other = make_site(folder / "baru", clock=FakeClock(at_ms=clock_of(site).at_ms + 60_000))
    with other.bound():
        actor = operator(other)
        done = [*importer.import_path(actor, one), *files.import_path(actor, one)]
        assert [d.sentence for d in done if d.outcome is Outcome.REFUSED] == []
        again = [*importer.import_path(actor, one), *files.import_path(actor, one)]
        assert {d.outcome for d in again} == {Outcome.UNCHANGED}
        _export(actor, two)
        assert _broken(other) == []
    names = sorted(str(p.relative_to(one)) for p in one.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(two)) for p in two.rglob("*") if p.is_file())
    texts = [name for name in names if not name.startswith("photos/")]
    _same, different, missing = filecmp.cmpfiles(one, two, texts, shallow=False)
    assert (different, missing) == ([], []), (one / different[0]).read_text()
    return other


def _export(actor: Actor, folder: Path) -> None:
    importer.export_folder(actor, folder)
    files.export_folder(actor, folder)


def _broken(site: Site) -> list[str]:
    found = checks.run(site, all_checks(site))
    return [f"{f.subject}: {f.sentence}" for f in found if f.level is checks.Level.BAD]


def _photo(actor: Actor, folder: Path, name: str, colour: str, **words: str) -> str:
    Image.new("RGB", (240, 160), colour).save(folder / name)
    return media.add(actor, folder / name, **words).id  # type: ignore[arg-type]


def _photo_ids(site: Site) -> list[str]:
    found = []
    for item in queries.desk(operator(site)):
        _article, revision = queries.get(operator(site), item.id)
        found += media.photo_ids(revision.text.body)
    return found
