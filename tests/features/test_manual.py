"""The manual: every chapter is there without internet, found by words, without a script."""

from __future__ import annotations

import io
import re
from html import unescape
from urllib.parse import quote

import pytest
from PIL import Image

from desa_web.core.actor import Role
from desa_web.core.content import content_folder
from desa_web.core.site import Site
from desa_web.features.manual.chapters import chapters, groups, search
from tests.harness.site import actor_as, client
from tests.harness.xss import dangers_in_page


def get(site: Site, path: str, status: int = 200) -> str:
    answer = client(site).get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_the_index_names_every_chapter_once_by_group(site: Site) -> None:
    shown = get(site, "/bantuan/")
    linked = re.findall(r'<li><a href="/bantuan/([a-z-]+)"', shown)
    assert linked == [c.slug for found in groups(chapters()).values() for c in found]
    assert len(linked) == len(set(linked)) == len(chapters()) >= 27
    headings = [unescape(h) for h in re.findall(r"<h2>([^<]+)</h2>", shown)]
    assert headings[:2] == ["Mulai", "Menulis"]


def test_every_chapter_is_a_page_without_anything_foreign(site: Site) -> None:
    for chapter in chapters():
        shown = get(site, chapter.url)
        assert f"<h1>{chapter.title}</h1>" in unescape(shown)
        assert dangers_in_page(shown) == []
        assert not re.search(r'(?:src|action)="https?:', shown)
    assert '<pre tabindex="0"><code>desa backup create' in get(
        site, "/bantuan/cadangan-dan-pemulihan"
    )


def test_chapters_lead_to_the_next_and_to_their_group(site: Site) -> None:
    every = chapters()
    middle = get(site, every[1].url)
    assert f'href="{every[0].url}"' in middle
    assert f'href="{every[2].url}"' in middle
    assert re.search(rf'href="{every[1].url}"[^>]*aria-current', middle)


def test_an_unknown_chapter_is_not_found(site: Site) -> None:
    assert "/bantuan/" in get(site, "/bantuan/tidak-ada", 404)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("lupa kata sandi", "lupa-kata-sandi"),
        ("listrik padam", "mati-listrik"),
        ("foto", "foto"),
        ("cara menjadwalkan berita", "menjadwalkan"),
        ("KOMINFO", "mengirim-ke-kominfo"),
        ("menu", "halaman-dan-menu"),
    ],
)
def test_words_lead_to_their_chapter(site: Site, words: str, first: str) -> None:
    assert search(words)[0].slug == first
    shown = get(site, f"/bantuan/?q={quote(words)}")
    assert re.findall(r'<li><a href="/bantuan/([a-z-]+)"', shown)[0] == first


@pytest.mark.parametrize("words", ["", "   ", "zzzz", '"><script>alert(1)</script>', "x" * 5000])
def test_what_is_not_found_still_shows_the_way(site: Site, words: str) -> None:
    answer = client(site).get(f"/bantuan/?q={quote(words)}")
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert dangers_in_page(shown) == []
    assert 'href="/bantuan/hari-pertama"' in shown
    if words.strip():
        assert answer.headers["Cache-Control"] == "no-store"


def test_raw_html_in_a_chapter_would_not_run() -> None:
    for chapter in chapters():
        assert "<script" not in chapter.body
        assert set(re.findall(r"<([a-z0-9]+)", chapter.body)) <= {
            "p", "h2", "h3", "ul", "ol", "li", "strong", "em", "a", "code", "pre", "table",
            "thead", "tbody", "tr", "th", "td", "blockquote", "br", "hr", "figure", "img",
        }  # fmt: skip


@pytest.mark.parametrize("role", [Role.REPORTER, Role.ADMIN])
def test_the_desk_leads_to_the_manual(site: Site, role: Role) -> None:
    desk = client(site, actor_as(site, role)).get("/kelola/").get_data(as_text=True)
    assert 'href="/bantuan/"' in desk


def test_every_picture_named_exists_and_every_picture_is_used(site: Site) -> None:
    folder = content_folder("help") / "id"
    texts = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.md"))
    named = re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", texts)
    files = {f"gambar/{file.name}" for file in (folder / "gambar").iterdir()}
    assert {path for _alt, path in named} == files
    assert len(named) == len(files) >= 20  # each one once
    for alt, path in named:
        assert len(alt) >= 20, path
        assert (folder / path).stat().st_size <= 25_000, path


def test_pictures_stand_in_the_chapter_with_their_size(site: Site) -> None:
    shown = get(site, "/bantuan/menulis-berita")
    found = re.findall(
        r'<img src="(/bantuan/gambar/[a-z-]+\.webp)" alt="[^"]{20,}" width="(\d+)" height="(\d+)" '
        r'loading="lazy">',
        shown,
    )
    assert len(found) == 5
    for path, width, height in found:
        answer = client(site).get(path)
        picture = Image.open(io.BytesIO(answer.data))
        assert (answer.status_code, answer.mimetype) == (200, "image/webp")
        assert "no-store" not in answer.headers.get("Cache-Control", "")
        assert picture.width == pytest.approx(int(width) * 1.5, abs=1)
        assert picture.height == pytest.approx(int(height) * 1.5, abs=1)
        assert int(width) <= 360
    again = client(site).get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client(site).get("/bantuan/gambar/..%2frahasia.webp").status_code == 404
    assert client(site).get("/bantuan/gambar/tidak-ada.webp").status_code == 404


def test_the_words_of_pictures_are_not_found_twice(site: Site) -> None:
    assert all("gambar/" not in chapter.words for chapter in chapters())
