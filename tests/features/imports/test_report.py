"""The report of an import, read aloud: with nothing, with one, with many; on trial and for real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from desa_web.core.actor import operator
from desa_web.core.clock import zone
from desa_web.core.site import Site
from desa_web.features.imports import opensid, wordpress
from desa_web.features.imports.item import Done, Kind, Outcome
from desa_web.features.imports.notes import Note, Topic, some
from desa_web.features.imports.report import Report
from desa_web.features.news import queries
from tests.features.imports import sources

WIB = zone("WIB")


def told(*done: Done, photos: int = 0, dry: bool = False) -> list[str]:
    report = Report(dry, photos=photos)
    for one in done:
        report.add(one)
    return list(report.lines())


def done(
    title: str, outcome: Outcome = Outcome.CREATED, *notes: Note, kind: Kind = Kind.ARTICLE
) -> Done:
    return Done(key=title, kind=kind, title=title, outcome=outcome, notes=notes)


def bring(
    site: Site, source: wordpress.Export | opensid.Dump, folder: Path | None, *, dry: bool = False
) -> tuple[list[Done], list[str]]:
    """Return what became of each text, and the report."""
    found = sources.bring(site, source, folder, dry=dry)
    return found, told(*found, dry=dry)


@pytest.mark.parametrize("dry", [True, False])
def test_nothing_is_said_in_one_sentence(dry: bool) -> None:
    (line,) = told(dry=dry)
    assert line.endswith("Tidak ada tulisan baru untuk dibawa.")
    assert line.startswith("Percobaan saja.") is dry


def test_what_came_is_counted_without_zeros_and_the_next_step_is_said() -> None:
    assert told(done("Panen"), done("Sejarah", kind=Kind.PAGE), photos=2) == [
        "Selesai. Masuk: 1 berita, 1 halaman, 2 foto.",
        "Periksa hasilnya di menu Berita; perintah ini aman diulang.",
        "Halaman yang masuk belum ada di menu situs. Pasang lewat Halaman & menu.",
    ]
    assert told(done("Panen"), dry=True) == [
        "Percobaan saja, belum ada yang berubah. Akan masuk: 1 berita.",
        "Bila sudah sesuai, jalankan perintah yang sama tanpa --dry-run.",
    ]


def test_a_second_run_says_what_is_known_and_what_changed() -> None:
    changed = done("Harga pupuk", Outcome.CHANGED, Note(Topic.CHANGED))
    assert told(done("Panen", Outcome.UNCHANGED), changed) == [
        "Tidak ada tulisan baru untuk dibawa.",
        "1 tulisan sudah ada di sini sejak impor sebelumnya; tidak diubah.",
        "Yang perlu Anda lihat:",
        "  - 1 tulisan berubah di situs lama sejak diimpor. Yang di sini tidak disentuh; salin "
        "sendiri perubahannya bila perlu. Pada: “Harga pupuk”.",
    ]


def test_many_are_told_together_with_three_names_and_three_titles() -> None:
    why = "Tidak ada di folder itu."
    lines = told(*(done(f"Kabar {n}", Outcome.CREATED, Note(Topic.PHOTO, f"{n}.jpg", why))
                   for n in range(1, 6)))  # fmt: skip
    assert lines[2] == (
        "  - 5 foto tidak ikut: 1.jpg, 2.jpg, 3.jpg, dan 2 lagi. Tidak ada di folder itu. "
        "Pada: “Kabar 1”, “Kabar 2”, “Kabar 3”, dan 2 lagi."
    )


def test_one_text_with_many_lost_photos_is_one_text() -> None:
    notes = [Note(Topic.PHOTO, f"{n}.jpg", "Tidak ada.") for n in range(4)]
    assert told(done("Panen", Outcome.CREATED, *notes))[2].endswith("Pada: “Panen”.")


def test_what_was_refused_is_told_with_its_reason() -> None:
    refused = done("Rusak", Outcome.REFUSED, Note(Topic.REFUSED, why="Judul perlu diisi."))
    assert told(refused)[1:] == ["1 tulisan tidak bisa masuk:", "  - “Rusak”: Judul perlu diisi."]


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"], list("abcd")])
def test_names_are_listed_as_people_do(names: list[str]) -> None:
    want = {1: "a", 2: "a dan b", 3: "a, b, dan c", 4: "a, b, c, dan 1 lagi"}
    assert some(names) == want[len(names)]


def test_without_the_folder_of_photos_the_report_says_which_option_is_missing(
    site: Site, tmp_path: Path
) -> None:
    file = sources.write_dump(tmp_path / "x.sql", [sources.sid_article(1)])
    _found, lines = bring(site, opensid.open_dump(file, WIB), None)
    said = "\n".join(lines)
    assert "Folder foto situs lama belum disebut." in said
    assert "--media FOLDER" in said
    assert "tidak ada di folder" not in said.lower()
    empty = tmp_path / "kosong"
    empty.mkdir()
    other = sources.write_dump(tmp_path / "y.sql", [sources.sid_article(2)])
    _found, lines = bring(site, opensid.open_dump(other, WIB), empty)
    assert "Tidak ada di folder yang disebut dengan --media." in "\n".join(lines)


def test_frames_scripts_and_players_are_named_and_films_become_links(
    site: Site, tmp_path: Path
) -> None:
    text = """<p>Isi.</p><iframe src="https://www.youtube.com/embed/dQw4w9WgXcQ?feature=oembed">
</iframe><iframe src="//player.vimeo.com/video/123456"></iframe>
<iframe src="https://www.google.com/maps/embed?pb=1"></iframe><script>alert(1)</script>
<video src="/v.mp4"></video><form><input name="a"></form>"""
    file = sources.write_export(tmp_path / "x.xml", [sources.wp_item(1, text)])
    (one,), lines = bring(site, wordpress.open_export(file, WIB), tmp_path)
    assert [note.what for note in one.notes if note.topic is Topic.EMBED] == [
        "bingkai dari www.google.com", "video", "formulir",
    ]  # fmt: skip
    assert Note(Topic.SCRIPT) in one.notes
    said = "Isi tempelan tidak ikut: bingkai dari www.google.com, video, dan formulir."
    assert any(said in line for line in lines)
    body = queries.get(operator(site), one.object_id)[1].text.body
    assert 'href="https://www.youtube.com/watch?v=dQw4w9WgXcQ"' in body
    assert 'href="https://vimeo.com/123456"' in body
    assert "iframe" not in body


@pytest.mark.parametrize("dry", [True, False])
def test_every_line_is_a_sentence_that_ends_once(site: Site, tmp_path: Path, dry: bool) -> None:
    """No stray marks, no bare names: the whole report of an old site that has everything."""
    items = [*sources.village_items(4), sources.wp_item(7001, "", title="Hampa"),
             sources.wp_item(7002, "<p>x</p>", status="private"),
             sources.wp_item(7003, title="Sangat panjang " * 20, slug="p")]  # fmt: skip
    export = wordpress.open_export(sources.write_export(tmp_path / "x.xml", items), WIB)
    _found, lines = bring(site, export, None, dry=dry)
    assert len(lines) > 8
    for line in lines:
        assert not re.search(r"\.[.:;]|::| :|\s{3,}|\{|\}|\bNone\b", line), line
        assert line.endswith((".", ":")) or line.startswith("  - "), line
