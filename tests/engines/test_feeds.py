"""Feeds: the formats' rules hold for any text, ids stay, the same feed is the same bytes."""

from __future__ import annotations

import doctest
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desa_web.core import html
from desa_web.engines import feeds
from desa_web.engines.feeds import (
    Archive,
    Enclosure,
    Entry,
    Feed,
    Tombstone,
    absolute,
    atom,
    json_feed,
    news_sitemap,
    rss,
    urn,
)
from tests.harness.feed_rules import (
    atom_problems,
    json_problems,
    parsed,
    rss_problems,
    validator_warnings,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BASE = "https://sukamaju.example"
HARD = (
    "ꦱꦸꦒꦼꦁ ꦫꦮꦸꦃ", "👩‍🌾🌾", "<b>tebal</b> & ]]> <![CDATA[", "\x00\x01\x0b\x1f\x7f\x85", "\ud800",
    "\ufffe\uffff", "a\r\nb\rc\td", '"kutip" \'satu\'', "&amp;&#0;&nbsp;", "‮terbalik", "é", "",
    "</content></entry></feed>", "<?xml version='1.0'?>", "<!-- -->", "%s {0} \\u0000",
)  # fmt: skip
DEBRIS = ("<p>a<table><tr><td>b</p>", "<li>x<h2>y", "<b><i>z</b></i>", "<a href='/berita/x'>x</a>",
          "&nbsp&#0;\x85", "<p style='color:red'>m", "<script>x</script><img src=x>")  # fmt: skip
texts = st.one_of(st.sampled_from(HARD), st.text(max_size=60)).map(str)
moments = st.integers(0, 10**9).map(lambda s: NOON - timedelta(milliseconds=s))
files = st.builds(
    Enclosure, url=st.just(f"{BASE}/media/ab/cd-1024.jpg"), mime=st.just("image/jpeg"),
    size_bytes=st.integers(1, 10**7), title=texts,
)  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    published = draw(moments)
    return Entry(
        id=str(draw(st.uuids(version=4))), url=f"{BASE}/berita/{draw(st.integers(1, 10**9))}",
        title=draw(texts), content_html=draw(st.lists(texts, max_size=6).map("".join)),
        published_at=published, updated_at=published + draw(st.sampled_from([timedelta(),
        timedelta(hours=3)])), summary=draw(texts), author=draw(texts),
        categories=tuple(t for t in draw(st.lists(texts, max_size=3)) if feeds_line(t)),
        enclosures=tuple(draw(st.lists(files, max_size=3))),
    )  # fmt: skip


def feeds_line(text: str) -> str:
    from desa_web.engines.feeds.text import one_line

    return one_line(text)


def a_feed(*entry: Entry, **more: object) -> Feed:
    values: dict[str, object] = {
        "id": "0193a1b2-0000-7000-8000-0000000000fe", "title": "Desa Sukamaju",
        "home_url": f"{BASE}/", "self_url": f"{BASE}/feed.atom", "author": "Desa Sukamaju",
        "updated_at": NOON, "entries": entry, **more,
    }  # fmt: skip
    return Feed(**values)  # type: ignore[arg-type]


def an_entry(number: int = 1, **more: object) -> Entry:
    values: dict[str, object] = {
        "id": f"0193a1b2-0000-7000-8000-{number:012d}", "url": f"{BASE}/berita/{number}",
        "title": f"Kabar {number}", "content_html": "<p>Isi.</p>", "published_at": NOON,
        "updated_at": NOON, **more,
    }  # fmt: skip
    return Entry(**values)  # type: ignore[arg-type]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=3, unique_by=lambda e: e.id), texts)
def test_any_text_gives_valid_documents_with_the_same_ids(found: list[Entry], words: str) -> None:
    feed = a_feed(*found, title=words or "x", subtitle=words, rights=words)
    documents = atom(feed), rss(feed), json_feed(feed)
    assert documents == (atom(feed), rss(feed), json_feed(feed))
    assert atom_problems(documents[0]) == []
    ids = [urn(entry.id) for entry in found]
    assert [e.id for e in feedparser.parse(documents[0]).entries] == ids
    assert [e.id for e in feedparser.parse(documents[1]).entries] == ids
    assert [item["id"] for item in json.loads(documents[2])["items"]] == ids
    parsed(news_sitemap(feed))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(entries(), texts, st.sampled_from(DEBRIS))
def test_the_w3c_validator_finds_nothing_to_warn_of(entry: Entry, words: str, body: str) -> None:
    clean = absolute(html.normalise(body + words.replace("\0", "")), BASE)
    name = feeds_line(words)
    entry = replace(entry, title=name or "x", author=name or "Nur", content_html=clean)
    feed = a_feed(entry, title=feeds_line(words) or "x", subtitle=words, rights=words)
    assert validator_warnings(atom(feed)) == []
    assert validator_warnings(rss(feed)) == []


@pytest.mark.parametrize(
    "broken",
    [
        "<title>a &amp;copy; b</title>", "<title>a &lt;b>c&lt;/b></title>", "<title>a\x85</title>",
        '<content type="html">&lt;table>&lt;p></content>',
        '<content type="html">&lt;a href="/berita">x&lt;/a></content>',
    ],
)  # fmt: skip
def test_the_stand_in_for_the_w3c_validator_warns(broken: str) -> None:
    document = f'<feed xmlns="http://www.w3.org/2005/Atom">{broken}</feed>'
    assert validator_warnings(document.encode())


@settings(max_examples=100, derandomize=True, deadline=None)
@given(entries())
def test_what_a_person_wrote_comes_back_letter_by_letter(entry: Entry) -> None:
    from desa_web.engines.feeds.text import fit

    feed = a_feed(entry)
    root = parsed(atom(feed))
    content = root.find(".//{*}entry/{*}content").text or ""
    assert content == fit(entry.content_html)
    encoded = parsed(rss(feed)).findtext(
        ".//{http://purl.org/rss/1.0/modules/content/}encoded", default=""
    )
    assert encoded == fit(entry.content_html)
    assert json.loads(json_feed(feed))["items"][0]["content_html"] == fit(entry.content_html)


def test_a_full_feed_keeps_the_rules_of_all_formats() -> None:
    file = Enclosure(url=f"{BASE}/media/a/b.jpg", mime="image/jpeg", size_bytes=81234, title="Foto")
    entry = an_entry(
        summary="Warga & <kades>", author="Nur Aini", categories=("Pembangunan", "jalan"),
        enclosures=(file, file), image_url=file.url,
    )  # fmt: skip
    stone = Tombstone("0193a1b2-0000-7000-8000-0000000000ff", NOON)
    links = Archive(older_url=f"{BASE}/arsip/2026-10.atom")
    feed = a_feed(entry, an_entry(2), tombstones=(stone,), archive=links, rights="CC BY 4.0",
                  licence_url="https://creativecommons.org/licenses/by/4.0/")  # fmt: skip
    assert atom_problems(atom(feed)) == []
    assert rss_problems(rss(feed)) == []
    assert json_problems(json_feed(feed)) == []
    read = feedparser.parse(atom(feed))
    assert not read.bozo
    assert read.entries[0].enclosures[0].length == "81234"
    assert {link.rel for link in read.feed.links} >= {"self", "prev-archive", "license"}


def test_the_strict_reader_finds_broken_documents() -> None:
    good = atom(a_feed(an_entry()))
    for broken in (
        good.replace(b"<updated>", b"<updatd>").replace(b"</updated>", b"</updatd>"),
        good.replace(b"urn:uuid:", b"uuid:"),
        good.replace(b'rel="self"', b'rel="me"'),
        good.replace(b"T12:00", b" 12:00"),
        good.replace(b"https://sukamaju.example/berita", b"/berita"),
    ):
        assert broken != good
        assert atom_problems(broken)


def test_an_archive_says_so_and_leads_both_ways() -> None:
    links = Archive(is_archive=True, current_url=f"{BASE}/feed.atom", older_url=f"{BASE}/a",
                    newer_url=f"{BASE}/b")  # fmt: skip
    body = atom(a_feed(an_entry(), archive=links))
    root = parsed(body)
    assert atom_problems(body) == []
    assert root.find("{http://purl.org/syndication/history/1.0}archive") is not None
    found = {link.get("rel"): link.get("href") for link in root.findall("{*}link")}
    assert found["current"] == f"{BASE}/feed.atom"
    assert (found["prev-archive"], found["next-archive"]) == (f"{BASE}/a", f"{BASE}/b")


def test_namespaces_stand_only_where_they_are_used() -> None:
    body = atom(a_feed(an_entry()))
    assert b"tombstones" not in body
    assert b"history" not in body


def test_two_entries_of_one_second_have_different_moments() -> None:
    later = an_entry(2, published_at=NOON, updated_at=NOON + timedelta(milliseconds=1))
    root = parsed(atom(a_feed(an_entry(1), later)))
    moments = [e.findtext("{*}updated") for e in root.findall("{*}entry")]
    assert len(set(moments)) == 2


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<p><a href="/berita/a">x</a></p>', f'<p><a href="{BASE}/berita/a">x</a></p>'),
        ('<img src="/media/a.jpg" alt="/x">', f'<img src="{BASE}/media/a.jpg" alt="/x">'),
        ('<a href="https://x.id/a">/b</a>', '<a href="https://x.id/a">/b</a>'),
        ('<a href="//x.id/a">b</a>', '<a href="//x.id/a">b</a>'),
        ('<a href="#bawah">b</a>', "<a>b</a>"),
        ('<p>&lt;a href="/b"&gt; href="/c"</p>', '<p>&lt;a href="/b"&gt; href="/c"</p>'),
        ('<img srcset="/a 1w, /b 2w">', f'<img srcset="{BASE}/a 1w, {BASE}/b 2w">'),
    ],
)  # fmt: skip
def test_addresses_of_the_site_become_absolute_and_texts_stay(html: str, expected: str) -> None:
    assert absolute(html, BASE) == expected


def test_the_news_sitemap_holds_two_days_before_the_newest() -> None:
    old = an_entry(2, published_at=NOON - timedelta(days=2, seconds=1))
    root = parsed(news_sitemap(a_feed(an_entry(1, title="A & B"), old)))
    assert [e.text for e in root.iter("{*}loc")] == [f"{BASE}/berita/1"]
    assert root.findtext(".//{*}title") == "A & B"


def test_an_empty_feed_is_valid() -> None:
    assert atom_problems(atom(a_feed())) == []
    assert rss_problems(rss(a_feed())) == []
    assert json_problems(json_feed(a_feed())) == []


def test_ids_do_not_follow_addresses_and_titles() -> None:
    before, after = an_entry(1), replace(an_entry(1), url=f"{BASE}/baru", title="Judul baru")
    ids = [parsed(atom(a_feed(e))).findtext("{*}entry/{*}id") for e in (before, after)]
    assert ids[0] == ids[1]


def test_the_example_of_the_package_holds() -> None:
    assert doctest.testmod(feeds).failed == 0
