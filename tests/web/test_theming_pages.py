"""What every page of the shipped theme must be: found, light, readable, right about dates."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desa_web.web import dates
from desa_web.web.accents import (
    Accents,
    check_accents,
    contrast_ratio,
    dark_tokens,
    stylesheet,
    tokens,
)
from desa_web.web.contexts import ArticlePage, Card, Meta, Page, Picture
from desa_web.web.theme_samples import bare_pages, full_pages, sample_pages
from desa_web.web.theming import Theme

THEME = Theme.load()
ARTICLE = full_pages()["artikel"]
assert isinstance(ARTICLE, ArticlePage)
COLOUR = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


class Reader(HTMLParser):
    """The elements of a page, for questions about its markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.data: list[str] = []
        self._is_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        self._is_data = values.get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self._is_data and data.strip():
            self.data.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [values for name, values in self.tags if name == tag]

    def meta(self, name: str) -> str | None:
        found = [
            m["content"] for m in self.all("meta") if name in (m.get("name"), m.get("property"))
        ]
        return found[0] if found else None

    def link(self, rel: str) -> list[str]:
        return [link["href"] for link in self.all("link") if link.get("rel") == rel]


def read(page: Page) -> Reader:
    return Reader(THEME.render(page))


def graph(page: Page) -> list[dict[str, object]]:
    return list(json.loads(read(page).data[0])["@graph"])


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 9, mtime=0))


def test_home_with_every_slot_stays_in_its_budget() -> None:
    home = full_pages()["beranda"]
    parts = [THEME.render(home).encode(), *(THEME.bundle(n, Accents()) for n in names())]
    assert sum(weight(part) for part in parts) <= 20_000
    assert weight(parts[1]) <= 9_000
    assert weight(parts[2]) <= 3_000


def names() -> tuple[str, str]:
    return ("situs.css", "situs.js")


def test_home_needs_at_most_twelve_requests() -> None:
    page = read(full_pages()["beranda"])
    files = {image["src"] for image in page.all("img")}
    files |= {script["src"] for script in page.all("script") if "src" in script}
    files |= set(page.link("stylesheet")) | set(page.link("icon"))
    assert len(files) + 1 <= 12


@pytest.mark.parametrize("page", sample_pages(), ids=lambda page: page.template)
def test_page_keeps_the_security_policy_and_one_outline(page: Page) -> None:
    reader = read(page)
    tags = [tag for tag, _values in reader.tags]
    assert "style" not in tags
    assert tags.count("main") == tags.count("h1") == tags.count("title") == 1
    for tag, values in reader.tags:
        assert "style" not in values
        assert not any(name.startswith("on") for name in values), tag
        if tag == "script":
            assert values.get("type") == "application/ld+json" or values["src"].startswith("/")
        if tag == "img":
            assert "alt" in values
            assert values["width"].isdigit()
            assert values["height"].isdigit()
    ids = [values["id"] for _tag, values in reader.tags if "id" in values]
    assert len(ids) == len(set(ids))
    for _tag, values in reader.tags:
        for name in ("aria-labelledby", "for", "aria-describedby"):
            assert values.get(name, ids[0]) in ids
    assert ("a", {"class": "lewati", "href": "#isi"}) in reader.tags


@pytest.mark.parametrize("page", sample_pages(), ids=lambda page: page.template)
def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    reader = read(page)
    loaded = [v["src"] for _tag, v in reader.tags if "src" in v]
    loaded += reader.link("stylesheet") + reader.link("icon")
    assert [url for url in loaded if not url.startswith("/") or url.startswith("//")] == []


def test_page_can_be_found_and_shared() -> None:
    reader = read(ARTICLE)
    address = "https://sukamaju.example/berita/jalan-tani-kedungrejo"
    assert reader.link("canonical") == [address]
    assert reader.meta("og:url") == address
    assert reader.meta("og:type") == "article"
    assert reader.meta("og:image") == "https://sukamaju.example/media/contoh/balai-960.webp"
    assert reader.meta("article:published_time") == "2026-11-20T09:15+07:00"
    assert reader.meta("description") == ARTICLE.standfirst
    assert "/feed.atom" in reader.link("alternate")
    whatsapp = next(a["href"] for a in reader.all("a") if "wa.me/?" in a["href"])
    assert "https%3A%2F%2Fsukamaju.example%2Fberita%2F" in whatsapp


def test_village_without_an_address_claims_none() -> None:
    reader = read(bare_pages()["polos-artikel"])
    assert reader.link("canonical") == []
    assert reader.meta("og:url") is None
    assert "http" not in json.dumps(graph(bare_pages()["polos-artikel"])).replace(
        "https://creativecommons.org", ""
    )


def test_errors_and_searches_stay_out_of_search_engines() -> None:
    pages = full_pages()
    for name in ("404", "410", "500", "cari"):
        reader = read(pages[name])
        assert reader.meta("robots") == "noindex"
        assert reader.link("canonical") == []


def test_article_describes_itself_as_news() -> None:
    article, crumbs = graph(ARTICLE)
    assert article["@type"] == "NewsArticle"
    assert article["headline"] == ARTICLE.title
    assert article["datePublished"] == "2026-11-20T09:15:00+07:00"
    assert article["dateModified"] == "2026-11-21T10:15:00+07:00"
    assert article["author"] == {"@type": "Person", "name": "Nur Aini"}
    # The picture in the making is not promised to anyone.
    assert len(article["image"]) == 2  # type: ignore[arg-type]
    assert crumbs["@type"] == "BreadcrumbList"


def test_home_describes_the_village_office() -> None:
    (office,) = graph(full_pages()["beranda"])
    assert office["@type"] == "GovernmentOrganization"
    assert office["telephone"] == "+62353000111"
    hours = office["openingHoursSpecification"]
    assert hours[0]["dayOfWeek"] == ["Monday", "Tuesday", "Wednesday", "Thursday"]  # type: ignore[index]
    assert (hours[0]["opens"], hours[0]["closes"]) == ("08:00", "15:00")  # type: ignore[index]


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_title_can_leave_the_data_block(title: str) -> None:
    page = dataclasses.replace(ARTICLE, title=title + "</script><script>x()</script>\u2028")
    html = THEME.render(page)
    assert "<script>x()" not in html
    assert Reader(html).data[0].count("<") == 0
    assert graph(page)[0]["headline"] == page.title[:110]


def test_picture_in_the_making_shows_a_placeholder_of_its_size() -> None:
    html = THEME.render(ARTICLE)
    assert 'viewBox="0 0 960 640" width="960" height="640" role="img"' in html
    assert "Foto sedang disiapkan: Papan pengumuman balai desa" in html
    assert 'src=""' not in html


def test_only_the_first_picture_of_a_page_is_fetched_at_once() -> None:
    images = [image for image in read(ARTICLE).all("img") if "lambang" not in image["src"]]
    assert images[0]["fetchpriority"] == "high"
    assert "loading" not in images[0]
    assert all(image["loading"] == "lazy" for image in images[1:])
    assert images[0]["srcset"].endswith("balai-960.webp 960w")
    assert images[0]["sizes"]


def test_focus_of_a_picture_becomes_a_class() -> None:
    picture = Picture(url="/x.webp", width_px=4, height_px=3, focus="tl")
    assert 'class="f-tl"' in THEME.render(dataclasses.replace(ARTICLE, picture=picture))


def test_dateline_heads_the_first_paragraph() -> None:
    html = THEME.render(ARTICLE)
    assert '<p><b class="tempat">Bengawan, Desa Sukamaju –</b> Hujan yang turun' in html
    page = dataclasses.replace(ARTICLE, body=ARTICLE.body[:0] + "Tanpa paragraf", dateline="A & B")
    assert '<p><b class="tempat">A &amp; B –</b> </p>Tanpa paragraf' in THEME.render(page)
    typed = dataclasses.replace(ARTICLE, dateline="Bengawan, Desa Sukamaju –")
    assert "Sukamaju –</b> Hujan" in THEME.render(typed)


def test_table_can_be_scrolled_with_the_keyboard() -> None:
    html = THEME.render(ARTICLE)
    assert 'role="region" tabindex="0" aria-label="Tabel, bisa digeser"><table>' in html
    assert html.count("</table></div>") == 1


def test_correction_is_dated() -> None:
    assert 'Ralat</h2><p><b><time datetime="2026-11-21">21 November 2026</time>' in THEME.render(
        ARTICLE
    )


@pytest.mark.parametrize(("zone", "shown"), [("WIB", "09.15"), ("WITA", "10.15"), ("WIT", "11.15")])
def test_times_are_the_villages_own(zone: dates.Zone, shown: str) -> None:
    at = ARTICLE.published_at.astimezone(UTC)
    site = dataclasses.replace(ARTICLE.site, zone=zone)
    html = THEME.render(dataclasses.replace(ARTICLE, site=site, published_at=at))
    assert f"Jumat, 20 November 2026, {shown} {zone}" in html
    assert f'data-utc="{dates.OFFSET_HOURS[zone]}"' in html


def test_day_changes_with_the_zone() -> None:
    late = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    card = Card(title="Malam", url="/x", published_at=late)
    home = full_pages()["beranda"]
    for zone, shown in (("WIB", "31 Des 2026"), ("WITA", "1 Jan 2027")):
        site = dataclasses.replace(home.site, zone=zone)  # type: ignore[arg-type]
        assert shown in THEME.render(dataclasses.replace(home, site=site, cards=(card,)))


def test_menu_marks_where_the_reader_is() -> None:
    nav = THEME.render(ARTICLE).split('class="nav"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="page"', nav) == ["/berita/"]
    page = full_pages()["halaman"]
    nav = THEME.render(page).split('class="nav"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="page"', nav) == ["/halaman/sejarah"]
    assert '<summary aria-current="true">Profil Desa' in nav


def test_local_words_replace_desa() -> None:
    site = dataclasses.replace(
        ARTICLE.site,
        words=dataclasses.replace(ARTICLE.site.words, office="Kantor Wali Nagari"),
        short_name="Koto Tinggi",
    )
    page = dataclasses.replace(ARTICLE, site=site)
    assert "Kantor Wali Nagari Koto Tinggi" in THEME.render(page)


def test_shipped_colours_pass_and_their_tokens_are_in_the_stylesheet() -> None:
    assert check_accents(Accents()) == []
    assert stylesheet(Accents()) == ""
    light, dark = (
        THEME.bundle("situs.css", Accents()).decode().split("prefers-color-scheme:dark")[:2]
    )
    for css, found in ((light, tokens(Accents())), (dark, dark_tokens(Accents()))):
        for name, value in found.items():
            assert f"{name}:{value}" in css or f"{name}:{value}" in light


@pytest.mark.parametrize("name", ["desa", "pesisir"])
def test_palette_of_a_shipped_theme_can_be_read(name: str) -> None:
    css = Theme.load(name).bundle("situs.css", Accents()).decode()
    light = dict(re.findall(r"(--\w+):(#[0-9a-f]{3,6})\b", first_roots(css, dark=False)))
    dark = light | dict(re.findall(r"(--\w+):(#[0-9a-f]{3,6})\b", first_roots(css, dark=True)))
    for colours in (light, dark):
        full = {
            k: v if len(v) == 7 else "#" + "".join(c * 2 for c in v[1:]) for k, v in colours.items()
        }
        for ground in ("--kertas", "--kertas2", "--kartu"):
            for text in ("--tinta", "--tinta2", "--hijau", "--bata", "--emas2"):
                assert contrast_ratio(full[text], full[ground]) >= 4.5, (text, ground, full)
            assert contrast_ratio(full["--garis2"], full[ground]) >= 3, (ground, full)
        for text, ground in (("--hijau", "--hijau3"), ("--bata", "--bata3"), ("--emas2", "--emas3"),
                             ("--tinta", "--emas3"), ("--tinta2", "--hijau3")):  # fmt: skip
            assert contrast_ratio(full[text], full[ground]) >= 4.5, (text, ground, full)
        for ground in ("--tombol", "--kaki", "--hijau2"):
            assert contrast_ratio("#ffffff", full[ground]) >= 4.5, (ground, full)


def first_roots(css: str, *, dark: bool) -> str:
    """Return the :root rules for light or for dark screens, the print rules left out."""
    css = re.sub(r"@media print\{.*?\}\}", "", css)
    night = "".join(
        re.findall(r"@media screen and \(prefers-color-scheme:dark\)\{:root\{(.*?)\}", css)
    )
    if dark:
        return night
    day = re.sub(r"@media screen and \(prefers-color-scheme:dark\)\{:root\{.*?\}\}", "", css)
    return "".join(re.findall(r":root\{(.*?)\}", day))


def test_unreadable_choice_is_refused_with_a_sentence() -> None:
    problems = check_accents(Accents(green="#9fd8a0"))
    assert any("hijau" in p.sentence and "Pilih warna lain" in p.sentence for p in problems)
    assert all(p.ratio < p.needed for p in problems)
    assert {p.colour for p in check_accents(Accents(brick="#ffb59f"))} == {"bata"}
    assert {p.colour for p in check_accents(Accents(gold="#123a2b"))} == {"emas"}


@pytest.mark.parametrize("value", ["red", "#12345", "#1234567", "#12345g", "#1b4d3a;}", ""])
def test_what_is_not_a_colour_never_reaches_the_stylesheet(value: str) -> None:
    assert [p.colour for p in check_accents(Accents(green=value))] == ["hijau"]
    with pytest.raises(ValueError, match="rrggbb"):
        stylesheet(Accents(green=value))


@given(COLOUR, COLOUR, COLOUR)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_accepted_colours_are_readable_on_every_ground(green: str, brick: str, gold: str) -> None:
    accents = Accents(green=green, brick=brick, gold=gold)
    if check_accents(accents):
        return
    for found, grounds in (
        (tokens(accents), ("#fbf6ec", "#fffdf8")),
        (dark_tokens(accents), ("#161b18", "#222a25")),
    ):
        for ground in grounds:
            assert contrast_ratio(found["--hijau"], ground) >= 4.5
            assert contrast_ratio(found["--bata"], ground) >= 4.5
        assert contrast_ratio("#ffffff", found["--tombol"]) >= 4.5


def test_chosen_colours_reach_the_reader_in_the_one_stylesheet() -> None:
    accents = Accents(green="#5b2a6e", brick="#a23f26", gold="#d8a23b")
    assert check_accents(accents) == []
    site = dataclasses.replace(ARTICLE.site, accents=accents)
    reader = read(dataclasses.replace(ARTICLE, site=site))
    (url,) = reader.link("stylesheet")
    served = THEME.static_file(url.removeprefix("/tema/"), accents)
    assert served is not None
    assert served.is_immutable
    assert b"--hijau:#5b2a6e" in served.content
    assert reader.meta("theme-color") == tokens(accents)["--m1"]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast_ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast_ratio("#1b4d3a", "#1b4d3a") == 1


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (dates.long_date(date(2022, 6, 7)), "Selasa, 7 Juni 2022"),
        (dates.full_date(date(2026, 8, 17)), "17 Agustus 2026"),
        (dates.medium_date(date(2026, 5, 1)), "1 Mei 2026"),
        (dates.month_name(date(2026, 11, 1)), "November 2026"),
        (dates.number(1_250_000), "1.250.000"),
        (dates.number(-1_250.5, 1), "-1.250,5"),
        (dates.rupiah(1_250_000), "Rp1.250.000"),
        (dates.rupiah(-5_000), "−Rp5.000"),
        (dates.short_rupiah(498_000_000), "Rp498 juta"),
        (dates.short_rupiah(1_250_000), "Rp1,3 juta"),
        (dates.short_rupiah(999_999_999), "Rp1 miliar"),
        (dates.short_rupiah(750), "Rp750"),
        (dates.rupiah_of(498_000_000, 640_000_000), ("Rp498", "640 juta")),
        (dates.rupiah_of(81_000_000, 1_200_000_000), ("Rp81 juta", "Rp1,2 miliar")),
        (dates.rupiah_of(0, 640_000_000), ("Rp0", "Rp640 juta")),
        (dates.file_size(999), "999 B"),
        (dates.file_size(84_000), "84 KB"),
        (dates.file_size(999_600), "1,0 MB"),
        (dates.file_size(18_400_000), "18,4 MB"),
    ],
)
def test_dates_and_numbers_read_as_in_indonesia(shown: object, expected: object) -> None:
    assert shown == expected


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001
@settings(max_examples=60, deadline=None, derandomize=True)
def test_local_time_is_the_same_moment(at: datetime) -> None:
    for zone, hours in dates.OFFSET_HOURS.items():
        moved = dates.local(at, zone)
        assert moved == at
        assert moved.utcoffset() == timedelta(hours=hours)
        assert moved.tzname() == zone


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        dates.local(datetime(2026, 1, 1), "WIB")  # noqa: DTZ001


def test_meta_title_ends_with_the_village() -> None:
    page = dataclasses.replace(
        full_pages()["halaman"], meta=Meta(path="/x", title="Sejarah & asal")
    )
    assert "<title>Sejarah &amp; asal – Desa Sukamaju</title>" in THEME.render(page)
