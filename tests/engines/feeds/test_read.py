"""Feeds of other software: what is in them comes out, whatever else they are."""

# ruff: noqa: E501 - documents as sites write them

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desa_web.engines.feeds.read import MAX_BYTES, FeedUnreadable, ForeignFeed, read

HOME = "https://lama.desa.id/feed"
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Desa Lama</title><link>https://lama.desa.id/</link><generator>https://wordpress.org/?v=6.4</generator>
<atom:link href="https://lama.desa.id/feed?paged=2" rel="next"/>%s</channel></rss>"""
ITEM = """<item><title>Kerja bakti &amp; doa</title><link>/2020/05/kerja-bakti/</link>
<guid isPermaLink="false">https://lama.desa.id/?p=12</guid>
<dc:creator><![CDATA[Siti Aminah]]></dc:creator><pubDate>Tue, 12 May 2020 07:00:00 +0700</pubDate>
<category>Kegiatan</category><category><![CDATA[gotong royong]]></category>
<media:content url="/foto/lead.jpg" medium="image"><media:credit>Nur Aini</media:credit></media:content>
<description>Ringkas</description><content:encoded><![CDATA[<p>Isi <a href="/profil">lengkap</a>.</p>
<img src="data:image/gif;base64,R0l" data-src="foto/a.jpg" alt="Enam  orang">
<img src="https://pixel.wp.com/g.gif?x=1" width="1" height="1"><img src="/s.svg">]]></content:encoded></item>"""


def entries(text: str, content_type: str = "application/rss+xml") -> ForeignFeed:
    return read(text.encode(), content_type, HOME)


def test_rss_comes_out_with_text_pictures_and_people() -> None:
    feed = entries(RSS % ITEM)
    assert (feed.title, feed.link) == ("Desa Lama", "https://lama.desa.id/")
    assert feed.next_url == "https://lama.desa.id/feed?paged=2"
    assert "wordpress" in feed.generator
    (entry,) = feed.entries
    assert entry.guid == "https://lama.desa.id/?p=12"
    assert entry.url == "https://lama.desa.id/2020/05/kerja-bakti/"
    assert entry.title == "Kerja bakti & doa"
    assert entry.author == "Siti Aminah"
    assert entry.tags == ("Kegiatan", "gotong royong")
    assert entry.published == datetime(2020, 5, 12, 0, 0, tzinfo=UTC)
    assert '<a href="https://lama.desa.id/profil">' in entry.html
    lead, inside = entry.images
    assert (lead.url, lead.credit) == ("https://lama.desa.id/foto/lead.jpg", "Nur Aini")
    assert inside.url == "https://lama.desa.id/2020/05/kerja-bakti/foto/a.jpg"
    assert inside.alt == "Enam orang"


def test_atom_with_xhtml_and_an_archive() -> None:
    feed = entries(
        """<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Desa &lt;b&gt;X&lt;/b&gt;</title>
        <link href="https://x.id/"/><link rel="prev-archive" href="/arsip"/><entry><id>tag:x,1</id>
        <title>Satu</title><link href="https://x.id/1"/><updated>2020-05-13T01:00:00Z</updated>
        <published>2020-05-12T01:00:00Z</published><author><name>Nur</name></author>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Isi <b>tebal</b></p></div>
        </content></entry></feed>""",
        "application/atom+xml",
    )
    (entry,) = feed.entries
    assert (feed.title, feed.next_url) == ("Desa X", "https://lama.desa.id/arsip")
    assert (entry.guid, entry.author) == ("tag:x,1", "Nur")
    assert "<b>tebal</b>" in entry.html
    assert entry.updated == datetime(2020, 5, 13, 1, 0, tzinfo=UTC)
    assert entry.published == datetime(2020, 5, 12, 1, 0, tzinfo=UTC)


def test_json_feed_comes_out_the_same() -> None:
    item = {
        "id": 7, "url": "/7", "title": "Tujuh", "content_text": "Satu\n\nDua & <b>",
        "date_published": "2020-05-12T07:00:00+07:00", "authors": [{"name": "Nur"}],
        "tags": ["a", "a", 5], "image": "/x.jpg",
    }  # fmt: skip
    feed = entries(json.dumps({"version": "x", "title": "D", "items": [item], "next_url": "/2"}))
    (entry,) = feed.entries
    assert entry.guid == "7"
    assert entry.html == "<p>Satu</p><p>Dua &amp; &lt;b&gt;</p>"
    assert entry.tags == ("a",)
    assert entry.images[0].url == "https://lama.desa.id/x.jpg"
    assert feed.next_url == "https://lama.desa.id/2"


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("Sel, 12 Mei 2020 07:00:00 WIB", 0), ("Selasa, 12 Mei 2020 08:00:00 +0800", 0),
        ("2020-05-12 00:00:00", 0), ("12 Mei 2020 09:00:00 WIT", 0),
        ("Tue, 12 May 2020 00:00:00 GMT", 0), ("0000-00-00 00:00:00", None),
        ("kemarin", None), ("Tue, 32 May 2020 25:61:00 GMT", None), ("9" * 900, None),
    ],
)  # fmt: skip
def test_dates_are_read_or_left_out(written: str, hour: int | None) -> None:
    item = f"<item><title>a</title><link>/a</link><pubDate>{written}</pubDate></item>"
    (entry,) = entries(RSS % item).entries
    assert entry.published == (None if hour is None else datetime(2020, 5, 12, hour, tzinfo=UTC))


def test_without_a_guid_the_address_names_an_entry_then_its_text() -> None:
    feed = entries(
        RSS % "<item><title>a</title><link>/a</link></item><item><title>b</title></item>"
        "<item><title>b</title></item><item><title>c</title></item>"
    )
    first, second, third = feed.entries
    assert first.guid == "https://lama.desa.id/a"
    assert second.guid.startswith("sha256:")
    assert second.guid != third.guid


def test_one_guid_on_different_news_names_none_of_them() -> None:
    same = "".join(
        f"<item><title>{n}</title><guid>sama</guid><link>/{n}</link></item>" for n in (1, 2, 1)
    )
    guids = [entry.guid for entry in entries(RSS % same).entries]
    assert guids == ["https://lama.desa.id/1", "https://lama.desa.id/2"]


def test_broken_xml_of_real_sites_is_read() -> None:
    broken = RSS % (
        "<item><title>Desa Maju & Makmur &nbsp; &copy;</title><link>/a?x=1&y=2</link>"
        "<description>satu\x0bdua\x00 <br> tiga &bukan; </description></item>"
    )
    (entry,) = entries(broken).entries
    assert entry.title.startswith("Desa Maju & Makmur")
    assert entry.url == "https://lama.desa.id/a?x=1&y=2"
    assert "satudua" in entry.html


def test_bytes_of_windows_1252_among_utf8_are_read() -> None:
    data = (RSS % "<item><title>Café \u2013 JUDUL</title></item>").encode()
    data = data.replace(b"JUDUL", b"\x93kutip\x94 \xe9")
    assert read(data, "", HOME).entries[0].title == "Café \u2013 \u201ckutip\u201d é"
    latin = data.replace(b"UTF-8", b"ISO-8859-1").replace("é \u2013".encode(), b"\xe9 \x96")
    assert read(latin, "", HOME).entries[0].title == "Caf\u00e9 \u2013 \u201ckutip\u201d é"
    wide = (RSS % "<item><title>Sûr</title></item>").replace("UTF-8", "UTF-16").encode("utf-16")
    assert read(wide, "", HOME).entries[0].title == "Sûr"


def test_a_web_page_is_refused_and_names_its_feeds() -> None:
    page = '<!DOCTYPE html><html><link rel=alternate type="application/rss+xml" href="/feed/">'
    with pytest.raises(FeedUnreadable) as refused:
        read(page.encode(), "text/html", HOME)
    assert refused.value.details["feeds"] == ("https://lama.desa.id/feed/",)
    assert "https://lama.desa.id/feed/" in str(refused.value)


def test_addresses_that_lead_elsewhere_than_the_web_are_dropped() -> None:
    item = (
        "<item><title>a</title><link>javascript:alert(1)</link><description>"
        '&lt;img src="file:///etc/passwd"&gt;&lt;img src="http://[bad"&gt;</description></item>'
    )
    (entry,) = entries(RSS % item).entries
    assert (entry.url, entry.images) == ("", ())


def test_entities_of_a_document_are_never_expanded_or_fetched() -> None:
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE rss [<!ENTITY a0 "lol">{lines}<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    before = time.process_time()
    feed = entries(bomb + (RSS % "<item><title>x &a11; &f;</title></item>").partition("?>")[2])
    assert feed.entries[0].title == "x &a11; &f;"
    assert time.process_time() - before < 1


def test_too_many_bytes_are_refused_before_anything_is_read() -> None:
    with pytest.raises(FeedUnreadable):
        read(b" " * (MAX_BYTES + 1), "", HOME)


HOSTILE = {
    "tags": b"<a>", "empty items": b"<item/>", "angle": b"<", "ampersand": b"&amp;",
    "cdata": b"<![CDATA[", "comments": b"<!--", "doctype": b"<!DOCTYPE [",
    "attributes": b'<item a="1" b="2" ', "categories": b"<category>a</category>",
    "pictures": b"<item>&lt;img src=x&gt;</item>", "enclosures": b'<enclosure url="http://a/b"/>',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_cost_seconds_at_most(name: str) -> None:
    unit = HOSTILE[name]
    inner = unit * (2_000_000 // len(unit))
    before = time.process_time()
    with contextlib.suppress(FeedUnreadable):
        read(b'<rss version="2.0"><channel><item>' + inner, "", HOME)
    assert time.process_time() - before < 5


def test_attributes_and_tags_without_end_cost_no_square() -> None:
    many = b"".join(b'a%d="1" ' % n for n in range(100_000))
    tags = b"".join(b"<category>t%d</category>" % n for n in range(30_000))
    before = time.process_time()
    read(b'<rss version="2.0"><channel><item ' + many + b">" + tags + b"</item>", "", HOME)
    assert time.process_time() - before < 3


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=400), st.integers(0, 600), st.sampled_from(["", "application/json"]))
def test_any_bytes_give_a_feed_or_one_refusal(noise: bytes, at: int, content_type: str) -> None:
    good = (RSS % ITEM).encode()
    for data in (noise, b'{"items":[' + noise, good[:at] + noise + good[at:], good[: 3 * at]):
        try:
            read(data, content_type, HOME)
        except FeedUnreadable:
            continue


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
        lambda kids: (
            st.lists(kids, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "url", "title", "items", "authors", "tags", "attachments"]),
                kids,
            )
        ),
    )
)
def test_any_json_gives_a_feed_or_one_refusal(value: object) -> None:
    for document in (value, {"items": [value]}, {"items": value, "title": value}):
        try:
            read(json.dumps(document).encode(), "application/json", HOME)
        except FeedUnreadable:
            continue
