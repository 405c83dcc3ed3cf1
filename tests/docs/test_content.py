"""The texts shipped in content/: whole, consistent, in our voice.

Reads the folders as they lie on disk; how they are imported is tested with the features.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from PIL import Image

from desa_web.core import html
from desa_web.core.actor import Role
from desa_web.core.settings import setting
from desa_web.features.news.article import Text, checked

CONTENT = Path(__file__).resolve().parents[2] / "content"
RUBRICS = {
    "Pemerintahan",
    "Pembangunan",
    "Kesehatan",
    "Pendidikan",
    "Ekonomi & UMKM",
    "Budaya",
    "Lingkungan",
    "Olahraga",
    "Kegiatan",
}
STATES = {"draft", "submitted", "returned", "approved", "scheduled", "published", "withdrawn"}
NEWS_KEYS = {
    "title",
    "slug",
    "kind",
    "state",
    "rubric",
    "tags",
    "standfirst",
    "dateline",
    "byline",
    "initials",
    "source",
    "photos",
}
PAGE_KEYS = {"title", "slug", "parent", "position", "menu", "kind"}
HELP_KEYS = {"title", "slug", "group", "position"}
# Addresses of the site itself that a text may link to (ARCHITECTURE, outside contract).
SITE_PATHS = {"/", "/berita/", "/pengumuman/", "/galeri/", "/media-kit/", "/cari", "/bantuan/"}
FORBIDDEN = re.compile(r"\b(kamu|kalian|errors?|invalid|submit|timeout)\b", re.IGNORECASE)
WEEKDAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]


@dataclass(frozen=True, slots=True)
class Source:
    """One Markdown file: its front matter and its body."""

    path: Path
    front: dict[str, Any]
    body: str

    def words_shown(self) -> str:
        """All that a reader can see of this file."""
        photos = self.front.get("photos") or []
        shown = [str(self.front["title"]), str(self.front.get("standfirst", "")), self.body]
        return "\n".join(shown + [f"{p['caption']} {p['alt']}" for p in photos])


def read(path: Path) -> Source:
    """Parse one file; raises on anything that is not front matter plus body."""
    raw = path.read_text(encoding="utf-8")
    _, front, body = re.split(r"^---\n", raw, maxsplit=2, flags=re.MULTILINE)
    return Source(path, yaml.safe_load(front), body)


def texts(folder: str) -> list[Source]:
    """Return every text of a folder; an empty folder is a mistake, not an empty list."""
    found = [read(path) for path in sorted((CONTENT / folder).glob("*.md"))]
    assert found, f"content/{folder} is empty"
    return found


def news(site: str) -> list[Source]:
    return texts(f"{site}/news")


def everything() -> list[Source]:
    folders = (
        "demo/news",
        "demo/pages",
        "starter/news",
        "starter/pages",
        "starter-hub/news",
        "starter-hub/pages",
        "help/id",
    )
    return [text for folder in folders for text in texts(folder)]


def links(text: Source) -> Iterator[str]:
    for match in re.finditer(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)", text.body):
        yield match[1]


@pytest.mark.parametrize("site", ["demo", "starter"])
def test_news_has_every_key_and_known_words(site: str) -> None:
    for text in news(site):
        front = text.front
        assert front.keys() >= NEWS_KEYS, text.path.name
        assert front["kind"] in {"article", "announcement"}, text.path.name
        assert front["state"] in STATES, text.path.name
        assert front["rubric"] in RUBRICS, text.path.name
        assert front["tags"], text.path.name
        assert len(text.body.split()) >= 15, text.path.name
        assert not text.body.lstrip().startswith("# "), text.path.name


@pytest.mark.parametrize("site", ["demo", "starter"])
def test_pages_have_every_key_and_their_parents_exist(site: str) -> None:
    pages = texts(f"{site}/pages")
    slugs = {page.front["slug"] for page in pages}
    for page in pages:
        assert page.front.keys() == PAGE_KEYS, page.path.name
        assert isinstance(page.front["position"], int), page.path.name
        assert isinstance(page.front["menu"], bool), page.path.name
        assert page.front["parent"] in slugs | {None}, page.path.name
        assert page.path.stem == page.front["slug"]


def test_starter_offers_the_same_pages_as_the_demo() -> None:
    pages = [{page.path.name for page in texts(f"{site}/pages")} for site in ("demo", "starter")]
    assert pages[0] == pages[1]


def test_slugs_are_ascii_and_unique() -> None:
    for folder in (
        "demo/news",
        "demo/pages",
        "starter/news",
        "starter/pages",
        "starter-hub/news",
        "starter-hub/pages",
        "help/id",
    ):
        counted = Counter(text.front["slug"] for text in texts(folder))
        assert max(counted.values()) == 1, counted.most_common(2)
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in counted), folder


def test_headlines_are_short_and_only_one_is_long() -> None:
    long = []
    for text in everything():
        title = text.front["title"]
        assert not title.endswith("."), title
        if len(title) > 70:
            long.append(title)
    assert len(long) == 1, long
    assert len(long[0]) <= 120


def test_published_news_has_a_time_with_zone_and_drafts_have_none() -> None:
    for text in news("demo"):
        state, stamp = text.front["state"], text.front.get("published_at")
        if state in {"published", "scheduled", "withdrawn"}:
            moment = datetime.fromisoformat(str(stamp))
            assert moment.utcoffset() == timedelta(hours=7), text.path.name
            assert text.path.name.startswith(f"{moment.date()}-"), text.path.name
        else:
            assert stamp is None, text.path.name


def test_announcements_end_after_they_begin() -> None:
    for text in news("demo"):
        ends = text.front.get("expires_on", "")
        assert bool(ends) == (text.front["kind"] == "announcement"), text.path.name
        if ends:
            assert date.fromisoformat(str(ends)) >= date.fromisoformat(text.path.name[:10])


def test_demo_covers_every_rubric_state_and_fourteen_months() -> None:
    items = news("demo")
    by_state = Counter(text.front["state"] for text in items)
    assert {text.front["rubric"] for text in items} == RUBRICS
    assert by_state["published"] >= 48
    assert by_state["draft"] >= 2
    assert min(by_state[state] for state in ("submitted", "returned", "scheduled")) >= 1
    assert sum(text.front["kind"] == "announcement" for text in items) >= 8
    months = {t.front["published_at"][:7] for t in items if t.front["state"] == "published"}
    assert len(months) >= 14


@pytest.mark.parametrize("site", ["demo", "starter"])
def test_every_photo_exists_and_says_who_and_what(site: str) -> None:
    for text in news(site):
        listed = {photo["file"] for photo in text.front["photos"]}
        for photo in text.front["photos"]:
            assert photo.keys() - {"focus"} == {"file", "caption", "credit", "alt"}, text.path.name
            assert all(str(value).strip() for value in photo.values()), text.path.name
            with Image.open(CONTENT / site / photo["file"]) as picture:
                assert picture.format == "JPEG"
                assert max(picture.size) <= 1600
        placed = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text.body))
        assert placed <= listed, text.path.name


def test_demo_photos_are_varied_and_light() -> None:
    photos = sorted((CONTENT / "demo/photos").glob("*.jpg"))
    assert len({photo.read_bytes() for photo in photos}) >= 14
    assert sum(photo.stat().st_size for photo in photos) <= 2_000_000
    used = {photo["file"] for text in news("demo") for photo in text.front["photos"]}
    assert {f"photos/{photo.name}" for photo in photos} == used


def test_texts_keep_our_voice() -> None:
    for text in everything():
        # Code and values in capitals (DEBUG, INFO …) are names, not our voice.
        words = re.sub(r"`[^`]*`|\b[A-Z]{4,}\b", "", _without_code(text.words_shown()))
        assert not (found := FORBIDDEN.search(words)), (text.path.name, found)
        assert "<" not in re.sub(r"`[^`]*`|<(https?|mailto):[^>]+>", "", _without_code(text.body))


def test_texts_show_no_nik_and_no_private_phone_number() -> None:
    for text in everything():
        assert not re.search(r"\b\d{16}\b|\b08\d{7,}|\+62", text.words_shown()), text.path.name


def test_dates_name_the_right_weekday() -> None:
    seen = 0
    for text in everything():
        for weekday, day in _dated(text.words_shown()):
            assert WEEKDAYS[day.weekday()] == weekday, (text.path.name, weekday, day)
            seen += 1
    assert seen > 50


def test_links_inside_the_content_resolve() -> None:
    manual = {text.front["slug"] for text in texts("help/id")}
    for site in ("demo", "starter"):
        live = {t.front["slug"] for t in news(site) if t.front["state"] == "published"}
        pages = {page.front["slug"] for page in texts(f"{site}/pages")}
        for text in news(site) + texts(f"{site}/pages"):
            for link in links(text):
                assert _resolves(link, live, pages, manual), (text.path.name, link)
    for text in texts("help/id"):
        for link in links(text):
            assert _resolves(link, set(), set(), manual), (text.path.name, link)


@pytest.mark.parametrize("site", ["demo", "starter"])
def test_menu_points_at_pages_and_addresses_that_exist(site: str) -> None:
    menu = tomllib.loads((CONTENT / site / "menu.toml").read_text(encoding="utf-8"))
    pages = {page.front["slug"]: page.front for page in texts(f"{site}/pages")}
    linked = set()
    for item in [entry for top in menu["item"] for entry in (top, *top.get("children", []))]:
        assert item["title"]
        assert ("page" in item) != ("url" in item), item
        assert item.get("page", "kontak") in pages, item
        assert item.get("url", "/") in SITE_PATHS, item
        linked.add(item.get("page"))
    assert {slug for slug, front in pages.items() if front["menu"]} <= linked


def test_demo_settings_are_known_and_accepted() -> None:
    site = tomllib.loads((CONTENT / "demo/site.toml").read_text(encoding="utf-8"))
    for name, value in site["settings"].items():
        known = setting(name)
        assert isinstance(value, type(known.default)), name
        assert len(str(value)) <= known.limit, name
        assert not known.choices or value in [choice for choice, _label in known.choices], name
        assert known.check is None or known.check(value) is None, name
    assert {account["role"] for account in site["accounts"]} == {
        Role.ADMIN,
        Role.EDITOR,
        Role.APPROVER,
        Role.REPORTER,
    }


def test_demo_front_page_points_at_what_is_published() -> None:
    site = tomllib.loads((CONTENT / "demo/site.toml").read_text(encoding="utf-8"))
    live = {t.front["slug"] for t in news("demo") if t.front["state"] == "published"}
    pages = {page.front["slug"] for page in texts("demo/pages")}
    assert set(site["front"].values()) <= live
    assert {tile["page"] for tile in site["services"]} <= pages


def test_demo_figures_add_up() -> None:
    rows = re.findall(
        r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|",
        (CONTENT / "demo/pages/wilayah.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    columns = [[int(row[i].replace(".", "")) for row in rows] for i in (1, 2, 3)]
    assert len(rows) == 5
    for column in columns:
        assert sum(column[:-1]) == column[-1]
    facts = (CONTENT / "demo/site.toml").read_text(encoding="utf-8")
    assert f"Keluarga: {rows[-1][2]} KK" in facts
    assert f"Penduduk: {rows[-1][3]} jiwa" in facts


@pytest.mark.parametrize("site", ["demo", "starter"])
def test_news_is_within_the_limits_of_the_desk(site: str) -> None:
    for text in news(site):
        article = Text.from_mapping({**text.front, "body": text.body})
        assert checked(article).title == text.front["title"], text.path.name


@pytest.mark.parametrize("folder", ["demo/news", "demo/pages", "starter/news", "starter/pages"])
def test_the_canonical_subset_holds_every_word_and_table(folder: str) -> None:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    for text in texts(folder):
        made = markdown.render(re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text.body))
        kept = html.normalise(made)
        assert _words(kept) == _words(made), text.path.name
        assert kept.count("<table>") == made.count("<table>"), text.path.name


def test_tables_have_a_heading_in_every_column() -> None:
    for text in everything():
        for heading in re.findall(r"^(\|.*\|)\n\|[-:| ]+\|$", text.body, flags=re.MULTILINE):
            assert all(cell.strip() for cell in heading.strip("|").split("|")), text.path.name


def test_manual_has_every_key_and_an_order() -> None:
    manual = texts("help/id")
    assert len(manual) >= 16
    for text in manual:
        assert text.front.keys() == HELP_KEYS, text.path.name
        assert text.path.stem == text.front["slug"]
    places = Counter(text.front["position"] for text in manual)
    assert max(places.values()) == 1


def _without_code(body: str) -> str:
    return re.sub(r"^```.*?^```", "", body, flags=re.MULTILINE | re.DOTALL)


def _words(markup: str) -> list[str]:
    return unescape(re.sub(r"<[^>]+>", " ", markup)).split()


def _dated(words: str) -> Iterator[tuple[str, date]]:
    for name, day, month, year in re.findall(r"\b(\w+) \((\d+)/(\d+)/(\d{4})\)", words):
        yield name, date(int(year), int(month), int(day))
    spelled = rf"\b({'|'.join(WEEKDAYS)}), (\d+) ({'|'.join(MONTHS)}) (\d{{4}})"
    for name, day, month, year in re.findall(spelled, words):
        yield name, date(int(year), MONTHS.index(month) + 1, int(day))


def _resolves(link: str, live: set[str], pages: set[str], manual: set[str]) -> bool:
    known = {
        *(f"/berita/{slug}" for slug in live),
        *(f"/halaman/{slug}" for slug in pages),
        *(f"/bantuan/{slug}" for slug in manual),
    }
    return link in SITE_PATHS | known
