"""Moving from WordPress: what comes, what stays behind, what was never asked for."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desa_web.core import db, journal
from desa_web.core.actor import Role, operator
from desa_web.core.clock import zone
from desa_web.core.disk import locked
from desa_web.core.errors import Forbidden
from desa_web.core.site import Site
from desa_web.features.imports import service, wordpress
from desa_web.features.imports.item import Done, Outcome, SourceUnreadable
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.imports.photos import photos
from desa_web.features.imports.wordpress_text import html_of
from desa_web.features.media import documents
from desa_web.features.media.models import PhotoRow
from desa_web.features.news import queries
from desa_web.features.news import service as news
from desa_web.features.news.article import State
from desa_web.features.news.models import ArticleRow
from desa_web.features.pages import service as pages
from desa_web.features.pages.models import PageRow
from tests.features.imports import sources
from tests.harness.photos import pdf
from tests.harness.site import ROOT, actor_as, client, run_desa, serving

WIB = zone("WIB")


def bring(site: Site, file: Path, media: Path | None, *, dry: bool = False) -> list[Done]:
    return sources.bring(site, wordpress.open_export(file, WIB), media, dry=dry)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    sources.write_uploads(tmp_path)
    return sources.write_export(tmp_path / "lama.xml", sources.village_items(8))


def seq(site: Site) -> int:
    return journal.head(site).seq


def counted(done: list[Done]) -> dict[Outcome, int]:
    return {o: sum(d.outcome is o for d in done) for o in Outcome}


def body(site: Site, slug: str) -> str:
    article = queries.find(operator(site), slug)
    return queries.get(operator(site), article.id)[1].text.body


@pytest.mark.both_databases
def test_posts_pages_photos_and_people_come_along(site: Site, export: Path) -> None:
    done = bring(site, export, export.parent / "uploads")
    assert counted(done)[Outcome.CREATED] == 11
    assert counted(done)[Outcome.REFUSED] == 0
    article, revision = queries.get(
        operator(site), queries.find(operator(site), "kabar-nomor-1").id
    )
    assert article.state is State.PUBLISHED
    assert article.published_at == datetime(2020, 5, 2, 1, 0, tzinfo=UTC)
    text = revision.text
    assert (text.byline, text.rubric, text.tags) == ("Siti Aminah", "kegiatan", ("gotong royong",))
    assert f'<figure data-foto="{text.lead_photo_id}"' in text.body
    assert "Kerja bakti ke-1" in text.body
    assert "🎉" in text.body
    assert '<a href="https://www.youtube.com/watch?v=abc"' in text.body
    assert PhotoRow.select().count() == 4
    assert PageRow.get(PageRow.slug == "sejarah")
    draft = next(d for d in done if d.key == "5003")
    assert ArticleRow.get_by_id(draft.object_id).state == State.DRAFT


def test_classic_posts_become_paragraphs_without_code_and_furniture(
    site: Site, export: Path
) -> None:
    done = bring(site, export, export.parent / "uploads")
    text = body(site, "kabar-nomor-2")
    assert "Posyandu ke-2" in text
    assert (
        "<p>Posyandu Melati melayani balita nomor 2.<br>Baris kedua &amp; catatan [sic].</p>"
        in text
    )
    assert "Penutup naskah." in text
    for gone in ("vc_row", "contact-form", "Dibaca 12 kali", "alert", "onclick", "[caption"):
        assert gone not in text
    assert "485 Dilihat" not in body(site, "kabar-nomor-1")
    assert "Bagikan" not in body(site, "kabar-nomor-1")
    notes = next(d.notes for d in done if d.key == "2")
    assert notes == (Note(Topic.CODE, "[contact-form-7]"), Note(Topic.SCRIPT))


def test_a_gallery_shows_its_pictures(site: Site, export: Path) -> None:
    done = bring(site, export, export.parent / "uploads")
    found = next(d for d in done if d.key == "5006")
    assert found.photos == 2
    assert body(site, found.object_id).count("<figure data-foto=") == 2


def test_what_is_left_out_is_said_with_its_reason(site: Site, export: Path) -> None:
    done = {d.key: d for d in bring(site, export, export.parent / "uploads")}
    left_out = {key for key, d in done.items() if d.outcome is Outcome.SKIPPED}
    assert left_out == {"5002", "5004", "5005"}
    assert "halaman yang belum terbit" in done["5002"].notes[0].why
    assert "keranjang" in done["5004"].notes[0].why
    assert "nav_menu_item" in done["5005"].notes[0].why


def test_twice_changes_nothing(site: Site, export: Path) -> None:
    bring(site, export, export.parent / "uploads")
    before = seq(site)
    again = bring(site, export, export.parent / "uploads")
    assert counted(again)[Outcome.UNCHANGED] == 11
    assert counted(again)[Outcome.CREATED] == 0
    assert seq(site) == before


def test_what_changed_at_the_source_is_told_and_nothing_is_overwritten(
    site: Site, export: Path
) -> None:
    bring(site, export, export.parent / "uploads")
    article = queries.find(operator(site), "kabar-nomor-1")
    text = queries.get(operator(site), article.id)[1].text
    news.save(
        operator(site), article.id, type(text).from_mapping({"body": "<p>Disunting.</p>"}, text)
    )
    changed = [i.replace("Dusun Krajan", "Dusun Wetan") for i in sources.village_items(8)]
    done = bring(site, sources.write_export(export, changed), export.parent / "uploads")
    assert counted(done)[Outcome.CHANGED] == 4
    assert body(site, "kabar-nomor-1") == "<p>Disunting.</p>"
    assert "Krajan" in body(site, "kabar-nomor-3")


def test_a_dry_run_tells_the_same_and_writes_nothing(site: Site, export: Path) -> None:
    before = seq(site)
    planned = bring(site, export, export.parent / "uploads", dry=True)
    assert seq(site) == before
    assert PhotoRow.select().count() == 0
    done = bring(site, export, export.parent / "uploads")
    assert counted(planned) == counted(done)
    assert [d.photos for d in planned] == [d.photos for d in done]
    told = [n for d in planned for n in d.notes if n.topic is not Topic.RUBRIC]
    assert told == [n for d in done for n in d.notes]


def with_photo(number: int) -> str:
    return sources.wp_item(
        number, sources.GUTENBERG.format(n=number, photo=1, seed=1, home=sources.HOME)
    )


def test_missing_photos_are_told_and_come_with_a_later_run(site: Site, tmp_path: Path) -> None:
    file = sources.write_export(tmp_path / "x.xml", [with_photo(n) for n in (1, 2, 3)])
    empty = tmp_path / "kosong"
    empty.mkdir()
    first = bring(site, file, empty)
    assert [d.outcome for d in first] == [Outcome.CREATED] * 3
    assert first[0].notes[0].what == "foto-1.jpg"
    assert "<figure" not in body(site, "kabar-nomor-1")
    # One was edited meanwhile, one thrown away: both are left alone.
    edited = queries.find(operator(site), "kabar-nomor-2")
    text = queries.get(operator(site), edited.id)[1].text
    news.save(operator(site), edited.id, type(text).from_mapping({"title": "Lain"}, text))
    news.act(operator(site), news.Op.WITHDRAW, first[2].object_id)
    full = sources.write_uploads(tmp_path)
    before = seq(site)
    planned = bring(site, file, full, dry=True)
    assert seq(site) == before
    second = bring(site, file, full)
    wanted = [Outcome.COMPLETED, Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert [d.outcome for d in planned] == [d.outcome for d in second] == wanted
    assert "<figure data-foto=" in body(site, "kabar-nomor-1")
    assert queries.find(operator(site), "kabar-nomor-1").state is State.PUBLISHED
    assert "<figure" not in body(site, edited.slug)
    assert counted(bring(site, file, full))[Outcome.UNCHANGED] == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/2020/05/02/kabar-nomor-1/", "/berita/kabar-nomor-1"),
        ("/2020/05/02/kabar-nomor-1", "/berita/kabar-nomor-1"),
        ("/2020/05/02/KABAR-nomor-1/?utm_source=wa&fbclid=x", "/berita/kabar-nomor-1"),
        ("/index.php/2020/05/02/kabar-nomor-1/", "/berita/kabar-nomor-1"),
        ("/2020//05/02/kabar%2Dnomor-1/", "/berita/kabar-nomor-1"),
        ("/?p=1", "/berita/kabar-nomor-1"),
        ("/?utm_medium=x&p=1", "/berita/kabar-nomor-1"),
        ("/?p=5001", "/halaman/sejarah"),
        ("/?page_id=5001", "/halaman/sejarah"),
        ("/category/kabar-bumdes/", "/rubrik/kabar-bumdes"),
        ("/feed/", "/rss.xml"),
    ],
)
def test_old_addresses_lead_on_for_good(site: Site, export: Path, old: str, new: str) -> None:
    bring(site, export, export.parent / "uploads")
    answer = client(site).get(old)
    assert (answer.status_code, answer.headers["Location"]) == (301, new)
    assert client(site).get(new).status_code == 200


def test_old_addresses_of_what_is_not_public_stay_unknown(site: Site, export: Path) -> None:
    bring(site, export, export.parent / "uploads")
    web = client(site)
    assert web.get("/?p=1").status_code == 301
    assert web.get("/?p=5003").status_code == 200  # a draft: the front page, no hint
    news.act(operator(site), news.Op.WITHDRAW, queries.find(operator(site), "kabar-nomor-1").id)
    assert web.get("/2020/05/02/kabar-nomor-1/").status_code == 404
    assert web.get("/tidak/ada").status_code == 404
    assert web.get("/?p=99999").status_code == 200
    assert web.post("/2020/05/02/kabar-nomor-2/").status_code in (404, 405, 403)


def test_what_is_erased_for_privacy_leaves_no_address_and_never_comes_again(
    site: Site, tmp_path: Path
) -> None:
    item = sources.wp_item(1, "<p>Isi.</p>", slug="nama-korban")
    file = sources.write_export(tmp_path / "x.xml", [item])
    (done,) = bring(site, file, tmp_path)
    news.erase(operator(site), done.object_id)
    assert client(site).get("/2020/05/02/nama-korban/").status_code == 404
    tables = ("alias", "import_origin", "article_slug", "journal")
    for table in tables:
        found = db.execute(site.database, f"SELECT * FROM {table}").fetchall()
        assert "nama-korban" not in repr(found), table
    (again,) = bring(site, file, tmp_path)
    assert again.outcome is Outcome.UNCHANGED
    assert ArticleRow.select().count() == 0


def test_what_was_thrown_away_does_not_come_again(site: Site, tmp_path: Path) -> None:
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, status="draft")])
    (done,) = bring(site, file, tmp_path)
    news.act(operator(site), news.Op.TRASH, done.object_id)
    (again,) = bring(site, file, tmp_path)
    assert again.outcome is Outcome.UNCHANGED


def test_the_real_server_leads_on_beside_kept_pages(site: Site, export: Path) -> None:
    actor_as(site, Role.ADMIN)  # without one, every address leads to the first steps
    bring(site, export, export.parent / "uploads")
    old = "/2020/05/02/kabar-nomor-1/"
    wanted = {
        "/?p=1": "/berita/kabar-nomor-1", "/?p=2": "/berita/kabar-nomor-2",
        old: "/berita/kabar-nomor-1",
    }  # fmt: skip
    with serving(site) as url:
        parts = urlsplit(url)
        for path in ("/", "/?p=1", "/", "/?p=1", old, old, "/?p=2", "/?halaman=2"):
            with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=10)) as web:
                web.request("GET", path)
                answer = web.getresponse()
                answer.read()
            location = wanted.get(path)
            status = 301 if location else 200
            assert (answer.status, answer.headers["Location"]) == (status, location), path


def test_reporters_and_approvers_cannot_import(site: Site, export: Path) -> None:
    opened = wordpress.open_export(export, WIB)
    for role in (Role.REPORTER, Role.APPROVER):
        actor = actor_as(site, role)
        with (
            photos(actor, "x", None, fetches=False, is_dry_run=False) as pictures,
            pytest.raises(Forbidden),
        ):
            list(service.run(actor, opened.source, opened.items(), pictures))
    assert ArticleRow.select().count() == 0


def test_paths_out_of_the_media_folder_are_not_opened(site: Site, tmp_path: Path) -> None:
    folder = sources.write_uploads(tmp_path)
    outside = tmp_path / "rahasia.jpg"
    outside.write_bytes((folder / "2020/05/foto-1.jpg").read_bytes())
    (folder / "tautan.jpg").symlink_to(outside)
    srcs = [
        "../rahasia.jpg",
        "..%2frahasia.jpg",
        "/rahasia.jpg",
        "tautan.jpg",
        "%2e%2e/rahasia.jpg",
        str(outside),
        "x%00.jpg",
        "a" * 900 + ".jpg",
        "2020/05/../../../rahasia.jpg",
    ]
    content = "".join(f'<img src="{sources.HOME}/wp-content/uploads/{src}">' for src in srcs)
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, content + "<p>Isi.</p>")])
    done = bring(site, file, folder)
    assert done[0].outcome is Outcome.CREATED
    assert done[0].photos == 0
    assert PhotoRow.select().count() == 0


def test_entities_of_an_export_are_refused(tmp_path: Path) -> None:
    good = sources.write_export(tmp_path / "a.xml", [sources.wp_item(1)]).read_text()
    bomb = (
        '<!DOCTYPE rss [<!ENTITY a "lol"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "/etc/hostname">]>'
    )
    for at in ("<!-- This", "<rss"):
        (tmp_path / "a.xml").write_text(good.replace(at, bomb + at, 1))
        with pytest.raises(SourceUnreadable):
            wordpress.open_export(tmp_path / "a.xml", WIB)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"<html>", b"<rss></rss>", b"<rss><channel>"]
)
def test_other_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xml").write_bytes(content)
    with pytest.raises(SourceUnreadable) as refused:
        wordpress.open_export(tmp_path / "a.xml", WIB)
    assert "WordPress" in str(refused.value)


def test_a_cut_export_gives_what_is_whole(site: Site, export: Path, tmp_path: Path) -> None:
    data = export.read_bytes()
    cut = tmp_path / "cut.xml"
    cut.write_bytes(data[: data.index(b"<wp:post_id>4</wp:post_id>") + 40].replace(b"\x00", b""))
    keys = [item.key for item in wordpress.open_export(cut, WIB).items()]
    assert keys[:3] == ["1", "2", "3"]


def test_half_a_text_at_the_end_of_a_cut_export_waits_for_a_whole_file(
    site: Site, export: Path, tmp_path: Path
) -> None:
    data = export.read_bytes()
    cut = tmp_path / "cut.xml"
    cut.write_bytes(data[: data.index(b"<wp:post_id>3</wp:post_id>") + 400])
    (*_whole, last) = bring(site, cut, tmp_path)
    assert last.outcome is Outcome.SKIPPED
    assert "terpotong" in " ".join(str(note) for note in last.notes)
    after = bring(site, export, tmp_path)
    assert not [one for one in after if one.outcome is Outcome.CHANGED]
    brought = {one.object_id for one in after if one.outcome is not Outcome.SKIPPED}
    assert {row.id for row in ArticleRow.select()} <= brought


def test_control_characters_of_old_editors_do_not_stop_the_rest(site: Site, tmp_path: Path) -> None:
    items = [
        sources.wp_item(1, "<p>a\x0bb\x1f &nbsp; \udcff</p>".replace("\udcff", "")),
        sources.wp_item(2),
    ]
    file = sources.write_export(tmp_path / "x.xml", items)
    done = bring(site, file, tmp_path)
    assert [d.outcome for d in done] == [Outcome.CREATED, Outcome.CREATED]


def test_titles_and_tags_beyond_our_limits_are_shortened_and_told(
    site: Site, tmp_path: Path
) -> None:
    terms = "".join(sources.term(f"t{n}", f"tag {n}", "post_tag") for n in range(15))
    item = sources.wp_item(1, title="Sangat panjang " * 20, slug="x1", terms=terms)
    (done,) = bring(site, sources.write_export(tmp_path / "x.xml", [item]), tmp_path)
    assert done.outcome is Outcome.CREATED
    assert {note.topic for note in done.notes} == {Topic.SHORTENED, Topic.TAGS}


def test_documents_come_along_and_links_of_others_stay(site: Site, tmp_path: Path) -> None:
    media = sources.write_uploads(tmp_path)
    (media / "2020/05/apbdes.pdf").write_bytes(pdf("APBDes"))
    uploads = f"{sources.HOME}/wp-content/uploads"
    links = [f"{uploads}/2020/05/apbdes.pdf", f"{uploads}/hilang.pdf", "https://lain.id/aturan.pdf"]
    content = "".join(f"<p><a href='{url}'>Unduh berkas</a></p>" for url in links)
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, content)])
    (done,) = bring(site, file, media)
    (document,) = documents.documents()
    text = body(site, done.object_id)
    assert [f'href="{url}"' in text for url in (document.url, *links)] == [True, False, True, True]
    assert [(note.topic, note.what) for note in done.notes] == [(Topic.DOCUMENT, "hilang.pdf")]


def test_pictures_inside_the_text_itself_are_told(site: Site, tmp_path: Path) -> None:
    content = f"<p>Isi.</p><img src='data:image/png;base64,{'A' * 3000}'>"
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, content)])
    (done,) = bring(site, file, tmp_path)
    assert done.notes == (Note(Topic.INLINE),)


@pytest.mark.parametrize("unit", ["<a/>", "<a>", "kata ", "<![CDATA[", "&lol;", "<!--", "]]>"])
def test_one_endless_record_ends_in_seconds(unit: str, tmp_path: Path) -> None:
    endless = unit * (17_500_000 // len(unit))
    file = sources.write_export(
        tmp_path / "x.xml", [sources.wp_item(1), sources.wp_item(2, extra=endless)]
    )
    before = time.process_time()
    keys = ["1"]
    with suppress(SourceUnreadable):
        keys = [item.key for item in wordpress.open_export(file, WIB).items()]
    assert keys[0] == "1"
    assert time.process_time() - before < 8


@pytest.mark.parametrize(
    "unit",
    ["[gallery] ", "[a ", "[caption]<img ", "[caption id=1]", "<figure>", "<img src=/a.jpg>", "\n",
     "<pre>", "<!--more", "[embed", "<div ", "[[a]", "<p>https://a.id "],
)  # fmt: skip
def test_texts_of_nothing_but_code_cost_linear_time(unit: str) -> None:
    def spent_s(chars: int) -> float:
        before = time.process_time()
        html_of(unit * (chars // len(unit)), lambda _ids: "", [])
        return time.process_time() - before

    spent_s(10_000)
    assert spent_s(800_000) < 30 * max(spent_s(100_000), 0.02)


def test_brackets_that_people_wrote_stay() -> None:
    notes: list[Note] = []
    text = html_of(
        "Katanya [sic] [1] [[gallery]] [Bersambung]\n\n[su_box title='x']Kotak[/su_box]",
        lambda _ids: "",
        notes,
    )
    assert "[sic] [1] [gallery] [Bersambung]" in text
    assert "Kotak" in text
    assert "su_box" not in text
    assert notes == [Note(Topic.CODE, "[su_box]")]


def test_killed_in_the_middle_and_started_again_it_is_whole_without_doubles(
    site: Site, tmp_path: Path
) -> None:
    posts = 300
    media = sources.write_uploads(tmp_path)
    file = sources.write_export(tmp_path / "lama.xml", sources.village_items(posts))
    command = [
        sys.executable,
        "-m",
        "desa_web.cli",
        "--site",
        str(site.path),
        "--json",
        "import",
        "wordpress",
        str(file),
        "--media",
        str(media),
    ]
    for stop_after in (3, 120):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
            assert process.stdout is not None
            for number, _line in enumerate(process.stdout, 1):
                if number == stop_after:
                    process.send_signal(signal.SIGKILL)
                    break
    result = run_desa("--site", site.path, "--json", "import", "wordpress", file, "--media", media)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert 0 < lines[-1]["created"] < posts + 3
    assert lines[-1]["created"] + lines[-1]["unchanged"] == posts + 3
    slugs = [row.slug for row in ArticleRow.select(ArticleRow.slug)]
    assert sorted(s for s in slugs if s.startswith("kabar-nomor-")) == sorted(
        [f"kabar-nomor-{n}" for n in (*range(1, posts + 1), 5003, 5006)]
    )
    assert PhotoRow.select().count() == 4
    assert run_desa("--site", site.path, "doctor").returncode == 0


def test_the_command_reports_a_dry_run_in_sentences(site: Site, export: Path) -> None:
    result = run_desa(
        "--site", site.path, "import", "wordpress", export, "--media", export.parent / "uploads",
        "--dry-run",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "Percobaan saja, belum ada yang berubah. Akan masuk: 10 berita, 1 halaman, 4 foto.",
        "3 tulisan tidak dibawa:",
        "  - 1 halaman yang belum terbit",
        "  - 1 dari keranjang sampah atau simpanan otomatis",
        "  - 1 berjenis nav_menu_item, bukan berita atau halaman",
        "Yang perlu Anda lihat:",
        "  - 2 rubrik baru akan dibuat: Kegiatan dan Kabar BUMDes. Pada: “Kabar nomor 1” dan "
        "“Kabar nomor 3”.",
        "  - Kode WordPress tidak ikut: [contact-form-7]. Kode seperti itu hanya jalan di "
        "WordPress; bila isinya masih perlu (formulir, tabel, daftar), tulis ulang di sini. Pada: "
        "“Kabar nomor 2”, “Kabar nomor 4”, “Kabar nomor 6”, dan 1 lagi.",
        "  - Skrip di dalam naskah dibuang demi keamanan pembaca. Tulisannya utuh; tidak ada yang "
        "perlu Anda lakukan. Pada: “Kabar nomor 2”, “Kabar nomor 4”, “Kabar nomor 6”, dan 1 lagi.",
        "Bila sudah sesuai, jalankan perintah yang sama tanpa --dry-run.",
    ]
    assert "\r" not in result.stderr
    assert ArticleRow.select().count() == 0


def test_a_reporter_is_refused_on_the_command_line(site: Site, export: Path) -> None:
    actor_as(site, Role.REPORTER, "nur")
    result = run_desa("--site", site.path, "--as", "nur", "import", "wordpress", export)
    assert result.returncode == 1
    assert result.stderr.strip()
    assert ArticleRow.select().count() == 0


def test_progress_is_shown_on_a_terminal_only(site: Site, export: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "desa_web.cli", "--site", str(site.path), "import",
               "wordpress", str(export), "--media", str(export.parent)]  # fmt: skip
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT, check=True, timeout=120
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 20)
    os.close(ours)
    assert b"\r\x1b[KPindahan  1  Kabar nomor 1" in shown
    assert b"\r" not in done.stdout
    assert "Masuk: 10 berita" in done.stdout.decode()


def test_two_imports_at_once_are_kept_apart(site: Site, export: Path) -> None:
    with locked(site.path / "data" / "import.lock", "sibuk"):
        result = run_desa("--site", site.path, "import", "wordpress", export)
    assert result.returncode == 75
    assert "Impor lain" in result.stderr


def test_the_size_of_an_export_costs_no_memory(tmp_path: Path) -> None:
    def peak_kb(posts: int) -> int:
        filler = "<p>" + "Kalimat panjang tentang kegiatan desa. " * 250 + "</p>"
        file = sources.write_export(
            tmp_path / f"{posts}.xml", (sources.wp_item(n, filler) for n in range(posts))
        )
        code = (
            "import resource, sys; from pathlib import Path\n"
            "from desa_web.core.clock import zone\n"
            "from desa_web.features.imports import wordpress\n"
            "export = wordpress.open_export(Path(sys.argv[1]), zone('WIB'))\n"
            "count = sum(1 for _ in export.items())\n"
            "print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, file], capture_output=True, text=True, check=True, cwd=ROOT
        )
        count, kilobytes = map(int, run.stdout.split())
        assert count == posts
        return kilobytes

    assert peak_kb(2500) - peak_kb(100) < 8_000  # 25 MB against 1 MB


def tree(site: Site) -> dict[str, str]:
    """Return the slug of the page above each page."""
    rows = {row.id: row for row in PageRow.select()}
    return {row.slug: rows[row.parent_id].slug if row.parent_id else "" for row in rows.values()}


def page(number: int, slug: str, parent: int = 0, **more: str) -> str:
    return sources.wp_item(number, title=slug, kind="page", slug=slug, parent=parent, **more)


def test_pages_stand_under_the_pages_that_they_stood_under(site: Site, tmp_path: Path) -> None:
    """Whatever their order in the file; over a page that did not come, and never in a circle."""
    items = [
        page(3, "misi", 2), page(2, "visi-misi", 1), page(1, "profil"), page(4, "sejarah", 1),
        page(5, "hilang", 1, status="draft"), page(6, "cucu", 5), page(7, "yatim", 99),
        page(8, "a", 9), page(9, "b", 8),
    ]  # fmt: skip
    file = sources.write_export(tmp_path / "x.xml", items)
    bring(site, file, tmp_path)
    want = {
        "profil": "", "visi-misi": "profil", "misi": "visi-misi", "sejarah": "profil",
        "cucu": "profil", "yatim": "", "a": "b", "b": "",
    }  # fmt: skip
    found = tree(site)
    assert {slug: found[slug] for slug in want} == want
    before = seq(site)
    bring(site, file, tmp_path)
    assert seq(site) == before


def test_a_page_that_was_moved_here_stays_where_it_is(site: Site, tmp_path: Path) -> None:
    first = sources.write_export(tmp_path / "x.xml", [page(2, "misi", 1)])
    bring(site, first, tmp_path)
    (row,) = PageRow.select().where(PageRow.slug == "misi")
    pages.place(operator(site), row.id, position=5)
    bring(site, sources.write_export(first, [page(2, "misi", 1), page(1, "profil")]), tmp_path)
    assert tree(site)["misi"] == ""


def test_what_an_earlier_version_brought_is_taken_for_the_same_once(
    site: Site, export: Path
) -> None:
    """Its hashes were of our words, too; from the next run on changes are seen again."""
    bring(site, export, export.parent / "uploads")
    with db.write(site.database):
        db.execute(site.database, "UPDATE import_origin SET digest = 'abc'")
    assert counted(bring(site, export, export.parent / "uploads"))[Outcome.CHANGED] == 0
    changed = [i.replace("Dusun Krajan", "Dusun Wetan") for i in sources.village_items(8)]
    done = bring(site, sources.write_export(export, changed), export.parent / "uploads")
    assert counted(done)[Outcome.CHANGED] == 4
