"""Moving from OpenSID: its dump, its pictures, its addresses; nobody's data on the way."""

from __future__ import annotations

import contextlib
import gzip
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desa_web.core import journal
from desa_web.core.actor import operator
from desa_web.core.clock import zone
from desa_web.core.site import Site
from desa_web.features.imports import mysql_dump, opensid
from desa_web.features.imports.item import Done, Outcome, SourceUnreadable
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.media import albums, documents
from desa_web.features.media.models import PhotoRow
from desa_web.features.news import queries
from desa_web.features.news.article import State
from desa_web.features.news.models import ArticleRow
from desa_web.features.pages.models import PageRow
from tests.features.imports import sources
from tests.harness.site import client, run_desa

WIB = zone("WIB")


def articles(count: int = 6) -> list[list[object]]:
    return [
        *(sources.sid_article(n) for n in range(1, count + 1)),
        sources.sid_article(50, id_kategori=999, judul="Sejarah Desa", slug="sejarah-desa"),
        sources.sid_article(51, enabled=2, judul="Belum jadi", slug="belum-jadi"),
        sources.sid_article(52, id_kategori=1000, judul="Agenda rapat"),
        sources.sid_article(
            53,
            id_user=1,
            gambar1="foto-2.jpg",
            dokumen="perdes 1.pdf",
            link_dokumen="Perdes & lampiran",
            slug="perdes",
        ),
        sources.sid_article(
            54, judul=b"Caf\xe9 \x93desa\x94", isi="Dua kali: dÃ©sa â€œmajuâ€\x9d 🎉 é”"
        ),
    ]


def bring(site: Site, file: Path, media: Path | None, *, dry: bool = False) -> list[Done]:
    return sources.bring(site, opensid.open_dump(file, WIB), media, dry=dry)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    sources.write_sid_uploads(tmp_path)
    return sources.write_dump(tmp_path / "opensid.sql", articles())


@pytest.mark.both_databases
def test_articles_pages_galleries_and_pictures_come_along(site: Site, dump: Path) -> None:
    done = {d.key: d for d in bring(site, dump, dump.parent / "upload")}
    assert not [d for d in done.values() if d.outcome is Outcome.REFUSED]
    article, revision = queries.get(operator(site), queries.find(operator(site), "musyawarah-1").id)
    text = revision.text
    assert article.state is State.PUBLISHED
    assert article.published_at == datetime(2020, 5, 2, 2, 30, tzinfo=UTC)
    assert (text.byline, text.rubric) == ("Budi Santoso", "pemerintahan-desa")
    assert "<p>Ditutup 'doa'; \"selesai\" \\ bersama</p>" in text.body
    assert "<td>RT 01</td><td>selesai</td>" in text.body
    assert text.lead_photo_id
    assert PageRow.get(PageRow.slug == "sejarah-desa")
    assert ArticleRow.get(ArticleRow.slug == "belum-jadi").state == State.DRAFT
    assert done["artikel-52"].outcome is Outcome.SKIPPED
    (album,) = albums.albums()
    assert (album.title, len(albums.photos(album.id))) == ("Panen raya", 2)


def test_sideways_photos_stand_upright_and_carry_no_metadata(site: Site, dump: Path) -> None:
    bring(site, dump, dump.parent / "upload")
    upright = [p for p in PhotoRow.select() if p.height_px > p.width_px]
    assert len(upright) == 3


def test_pictures_and_documents_beside_a_text_stand_in_it(site: Site, dump: Path) -> None:
    done = {d.key: d for d in bring(site, dump, dump.parent / "upload")}
    text = queries.get(operator(site), done["artikel-53"].object_id)[1].text
    assert text.body.count("<figure data-foto=") == 1
    assert text.byline == ""
    (document,) = documents.documents()
    assert document.title == "Perdes & lampiran"
    assert re.search(f'<a href="{document.url}">(<strong>)?Perdes &amp; lampiran<', text.body)
    with client(site).get(document.url) as answer:
        assert answer.status_code == 200


def test_a_document_that_is_missing_leaves_no_link_to_nowhere(site: Site, tmp_path: Path) -> None:
    rows = [
        sources.sid_article(1, gambar="", dokumen="hilang.pdf"),
        sources.sid_article(2, gambar="", dokumen="virus.exe"),
    ]
    done = bring(site, sources.write_dump(tmp_path / "x.sql", rows), tmp_path)
    texts = [queries.get(operator(site), d.object_id)[1].text.body for d in done[:2]]
    assert not any("invalid" in text for text in texts)
    assert done[0].notes[0].what == "hilang.pdf"
    assert done[1].notes == (Note(Topic.ATTACHMENT, "virus.exe"),)


def test_texts_of_three_encodings_come_out_right(site: Site, dump: Path) -> None:
    done = {d.key: d for d in bring(site, dump, dump.parent / "upload")}
    text = queries.get(operator(site), done["artikel-54"].object_id)[1].text
    assert text.title == "Café \u201cdesa\u201d"
    assert "désa \u201cmaju\u201d 🎉 é”" in text.body


def test_what_is_nobodys_business_is_not_kept(site: Site, dump: Path) -> None:
    bring(site, dump, dump.parent / "upload")
    site.close()
    for file in (site.path / "data").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"RAHASIA" not in content
            assert b"$2y$10$x" not in content


@pytest.mark.parametrize(
    "old",
    [
        "/artikel/2020/5/2/musyawarah-1", "/artikel/2020/05/02/musyawarah-1", "/first/artikel/1",
        "/index.php/first/artikel/1", "/first/artikel/musyawarah-1", "/index.php/artikel/1",
        "/artikel/2020/5/2/musyawarah-1/?fbclid=x", "/first/artikel/2020/5/2/musyawarah-1",
    ],
)  # fmt: skip
def test_addresses_of_all_versions_lead_on(site: Site, dump: Path, old: str) -> None:
    bring(site, dump, dump.parent / "upload")
    answer = client(site).get(old)
    assert (answer.status_code, answer.location) == (301, "/berita/musyawarah-1")


def test_two_articles_of_one_name_and_day_both_come(site: Site, tmp_path: Path) -> None:
    same = [sources.sid_article(n, slug="rapat", judul="Rapat", gambar="",
                                tgl_upload="2020-05-02 08:00:00") for n in (1, 2)]  # fmt: skip
    file = sources.write_dump(tmp_path / "x.sql", same)
    done = [d for d in bring(site, file, tmp_path) if d.key.startswith("artikel")]
    assert [(d.outcome, d.address) for d in done] == [
        (Outcome.CREATED, "/berita/rapat"), (Outcome.CREATED, "/berita/rapat-2"),
    ]  # fmt: skip
    assert client(site).get("/first/artikel/2").location == "/berita/rapat-2"


def test_categories_and_galleries_lead_on(site: Site, dump: Path) -> None:
    bring(site, dump, dump.parent / "upload")
    web = client(site)
    assert web.get("/first/kategori/4").location == "/rubrik/pemerintahan-desa"
    assert web.get("/artikel/kategori/pemerintahan-desa").location == "/rubrik/pemerintahan-desa"
    assert web.get("/first/gallery").location == "/galeri/"


def test_twice_changes_nothing_packed_or_not(site: Site, dump: Path, tmp_path: Path) -> None:
    planned = bring(site, dump, dump.parent / "upload", dry=True)
    done = bring(site, dump, dump.parent / "upload")
    assert [(d.key, d.outcome) for d in planned] == [(d.key, d.outcome) for d in done]
    before = journal.head(site).seq
    packed = tmp_path / "lain.sql.gz"
    packed.write_bytes(gzip.compress(dump.read_bytes()))
    again = bring(site, packed, dump.parent / "upload")
    assert {d.outcome for d in again} == {Outcome.UNCHANGED, Outcome.SKIPPED}
    assert journal.head(site).seq == before


def test_the_command_brings_a_dump(site: Site, dump: Path) -> None:
    result = run_desa(
        "--site", site.path, "import", "opensid", dump, "--media", dump.parent / "upload"
    )
    assert result.returncode == 0, result.stderr
    assert "Selesai. Masuk: 9 berita, 1 halaman, 1 album" in result.stdout
    assert "  - 1 agenda, yang belum ada tempatnya di sini" in result.stdout


def rows_of(
    data: bytes, tmp_path: Path, wanted: tuple[str, ...] = ("artikel",)
) -> list[dict[str, str]]:
    file = tmp_path / "x.sql"
    file.write_bytes(data)
    return [dict(row) for _table, row in mysql_dump.rows(file, wanted)]


def test_statements_that_do_things_are_stepped_over(tmp_path: Path) -> None:
    data = (
        b"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE artikel;\nSYSTEM rm -rf /;\n"
        b"DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON artikel FOR EACH ROW BEGIN\n"
        b"INSERT INTO artikel VALUES (NEW.id); END ;;\nDELIMITER ;\n"
        b"INSERT INTO artikel SELECT * FROM mysql.user;\nDROP TABLE artikel; it's'; \n"
        b"INSERT INTO lain VALUES ('); INSERT INTO artikel (id) VALUES (666);');\n"
        b"insert ignore into `db`.`artikel` (`id`,`judul`) values (1,'a'';--b'),(2,NULL);"
    )
    assert rows_of(data, tmp_path) == [{"id": "1", "judul": "a';--b"}, {"id": "2", "judul": ""}]


@pytest.mark.parametrize(
    "tail",
    [b"(1,'tak selesai", b"(1", b"(1,", b"(1,'a'),(2", b"(1,abc)", b"(1,'a' 'b')", b"(1;2)"],
)
def test_a_cut_or_damaged_dump_is_said(tail: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        rows_of(b"INSERT INTO artikel (id,judul) VALUES " + tail, tmp_path)


def test_a_dump_without_articles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_bytes(b"CREATE TABLE penduduk (id int);")
    with pytest.raises(SourceUnreadable):
        opensid.open_dump(tmp_path / "x.sql", WIB)
    (tmp_path / "x.sql").write_bytes(b"\x1f\x8bnot gzip")
    with pytest.raises(SourceUnreadable):
        opensid.open_dump(tmp_path / "x.sql", WIB)


@pytest.mark.parametrize(
    "unit", [b"'", b"/*", b"(", b"`", b"--", b"a;", b"#", b"INSERT INTO artikel VALUES (1);", b"\\"]
)
def test_hostile_lines_cost_linear_time(unit: bytes, tmp_path: Path) -> None:
    def spent_s(size: int) -> float:
        before = time.process_time()
        with contextlib.suppress(SourceUnreadable):
            rows_of(unit * (size // len(unit)), tmp_path)
        return time.process_time() - before

    spent_s(10_000)
    assert spent_s(1_600_000) < 40 * max(spent_s(160_000), 0.01)


def test_one_huge_line_costs_no_memory_but_its_longest_value(tmp_path: Path) -> None:
    file = tmp_path / "x.sql"
    with file.open("wb") as out:
        out.write(b"INSERT INTO penduduk VALUES (1)" + b",(2,'x;y')" * 2_000_000 + b";\n")
        out.write(b"INSERT INTO artikel (id) VALUES (7);")
    dump = mysql_dump.rows(file, {"artikel"})
    assert [dict(row) for _table, row in dump] == [{"id": "7"}]


VALUES = st.one_of(
    st.none(), st.integers(-(10**9), 10**9),
    st.text("".join(map(chr, range(1, 127))).replace("\x1a", "") + "🎉ꦲ中", max_size=30),
    st.sampled_from(["'", "\\", "''", "\\'", "a;b", "--", "/*", "),(", "\r\n\t", '"', "`"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6),
    chunk=st.sampled_from([1, 3, 17, 1 << 18]),
)
def test_every_row_comes_out_as_it_went_in(
    rows: list[tuple[object, object]], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = b"-- it's\n" + sources.table("artikel", ["id", "judul"])
    data += sources.insert("lain", rows) + sources.insert("artikel", rows)
    file = tmp_path_factory.mktemp("dump") / "x.sql"
    file.write_bytes(data)
    before = mysql_dump._CHUNK
    mysql_dump._CHUNK = chunk
    try:
        found = [dict(row) for _table, row in mysql_dump.rows(file, {"artikel"})]
    finally:
        mysql_dump._CHUNK = before
    wanted = [("" if a is None else str(a), "" if b is None else str(b)) for a, b in rows]
    assert [(row["id"], row["judul"]) for row in found] == wanted
