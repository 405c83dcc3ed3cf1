"""Search for readers: what is found, what never is, and that every question gets an answer."""

from __future__ import annotations

import json
import random
import re
import shutil
from html import escape
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from desa_web.core import checks
from desa_web.core.actor import operator
from desa_web.core.clock import as_utc
from desa_web.core.disk import locked
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Article, Kind, Text
from desa_web.features.news.workflow import Op
from desa_web.features.pages import service as pages
from desa_web.features.pages.page import Text as PageText
from desa_web.features.search import shelf
from desa_web.features.search.checks import CHECKS
from desa_web.features.search.follower import followers
from tests.harness.site import client, clock_of, make_site
from tests.harness.xss import VECTORS, dangers_in_page

DAY_MS = 86_400_000


def written(
    site: Site, title: str, body: str = "Warga bekerja bakti.", **fields: object
) -> Article:
    kind = fields.pop("kind", Kind.ARTICLE)
    text = Text(title=title, body=f"<p>{body}</p>", **fields)  # type: ignore[arg-type]
    return service.create(operator(site), text, kind=kind)  # type: ignore[arg-type]


def published(site: Site, title: str, body: str = "Warga bekerja bakti.", **f: object) -> Article:
    return service.publish_now(operator(site), written(site, title, body, **f).id)


def followed(site: Site) -> None:
    """Let the real followers catch up, as the worker does."""
    for follower in followers(site):
        catch_up(site, follower)


def cari(site: Site, q: str = "", **parameters: object) -> TestResponse:
    clock_of(site).advance(seconds=1)
    return client(site).get(f"/cari?{urlencode({'q': q, **parameters})}")


def page_of(site: Site, q: str = "", **parameters: object) -> str:
    answer = cari(site, q, **parameters)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def addresses(page: str) -> list[str]:
    """Return the addresses of the hits of a page."""
    return re.findall(r'<h3 class="judul"><a href="([^"]+)"', page)


def suggested(site: Site, q: str) -> list[str]:
    answer = client(site).get(f"/cari/saran?{urlencode({'q': q})}")
    assert answer.status_code == 200
    return list(json.loads(answer.data)[1])


@pytest.mark.both_databases
def test_people_find_what_they_mean(site: Site) -> None:
    found = published(site, "Kader Posyandu dilatih", "Dua puluh kader belajar menimbang bayi.")
    published(site, "Jalan tani dibangun")
    followed(site)
    page = page_of(site, "pelatihan posyandu")
    assert addresses(page) == [f"/berita/{found.slug}"]
    assert "<mark>Posyandu</mark> <mark>dilatih</mark>" in page


def test_a_change_of_the_live_text_is_searchable_and_the_old_words_are_gone(site: Site) -> None:
    article = published(site, "Rapat desa", "Membahas embung.")
    followed(site)
    saved = service.save(
        operator(site), article.id, Text(title="Rapat desa", body="<p>Membahas irigasi.</p>"),
        version=article.version,
    ).article  # fmt: skip
    service.publish_now(operator(site), saved.id)
    followed(site)
    assert addresses(page_of(site, "irigasi"))
    assert not addresses(page_of(site, "embung", persis=1))
    assert suggested(site, "embu") == []


def test_a_withdrawn_article_is_gone_before_the_follower_comes(site: Site) -> None:
    article = published(site, "Panen raya bawang")
    followed(site)
    assert addresses(page_of(site, "bawang"))
    service.act(operator(site), Op.WITHDRAW, article.id, version=article.version, note="keliru")
    page = page_of(site, "bawang")
    assert addresses(page) == []
    assert "Panen raya" not in page
    followed(site)
    assert suggested(site, "bawa") == []
    assert "bawang" not in shelf.index_of(site).suggest("bawa")


@pytest.mark.both_databases
def test_drafts_never_leak(site: Site) -> None:
    boss = operator(site)
    rubrics.add(boss, "Zirkonium")
    live = published(site, "Balai desa dicat", "Warna hijau.")
    service.save(
        boss, live.id, Text(title="Balai rahasiaku", body="<p>tersembunyi</p>"),
        version=live.version,
    )  # fmt: skip
    secret = {"rubric": "zirkonium", "tags": ("kuarsa",), "standfirst": "Ringkasan feldspar."}
    written(site, "Obsidian diam-diam", "granodiorit", **secret)
    submitted = written(site, "Basaltik", "andesit")
    service.act(boss, Op.SUBMIT, submitted.id, version=submitted.version)
    planned = written(site, "Peridotit", "serpentin")
    planned = service.act(boss, Op.SUBMIT, planned.id, version=planned.version)
    planned = service.act(boss, Op.APPROVE, planned.id, version=planned.version)
    at = as_utc(site.clock.now_ms() + DAY_MS)
    service.act(boss, Op.SCHEDULE, planned.id, version=planned.version, at=at)
    followed(site)
    shelf.ask_for_rebuild(site)
    followed(site)
    for word in (
        *("rahasiaku", "tersembunyi", "obsidian", "granodiorit", "zirkonium", "kuarsa"),
        *("feldspar", "basaltik", "andesit", "peridotit", "serpentin"),
    ):
        page = page_of(site, word)
        assert addresses(page) == [], word
        assert word not in page.replace(f"“{word}”", "").replace(f'value="{word}"', "").replace(
            f"Cari: {word}", ""
        ), word
        assert suggested(site, word[:4]) == [], word
    assert "zirkonium" not in page_of(site, "balai").lower()


def test_a_typo_is_forgiven_said_and_undoable(site: Site) -> None:
    found = published(site, "Kader posyandu menimbang bayi")
    followed(site)
    page = page_of(site, "posiandu")
    assert addresses(page) == [f"/berita/{found.slug}"]
    assert "Menampilkan hasil untuk <b>posyandu</b>" in page
    undo = re.search(r'href="(/cari\?[^"]*persis=1[^"]*)"', page)
    assert undo is not None
    exact = client(site).get(undo[1].replace("&amp;", "&")).get_data(as_text=True)
    assert addresses(exact) == []
    assert "Menampilkan hasil untuk" not in exact


@pytest.mark.both_databases
def test_filters_narrow_and_tell_their_counts(site: Site) -> None:
    rubrics.add_defaults(operator(site))
    for rubric in ("kesehatan", "kesehatan", "budaya"):
        published(site, f"Gotong royong {rubric}", rubric=rubric)
    clock_of(site).advance(days=60)
    notice = published(site, "Gotong royong Minggu", kind=Kind.ANNOUNCEMENT)
    followed(site)
    page = page_of(site, "gotong royong")
    assert len(addresses(page)) == 4
    assert "Kesehatan <small>2</small>" in page
    assert "Budaya <small>1</small>" in page
    assert "2026 <small>3</small>" in page
    assert "2027 <small>1</small>" in page
    assert "Pengumuman <small>1</small>" in page
    assert len(addresses(page_of(site, "gotong", rubrik="kesehatan"))) == 2
    assert addresses(page_of(site, "gotong", tahun=2027)) == [f"/berita/{notice.slug}"]
    assert addresses(page_of(site, "gotong", jenis="announcement")) == [f"/berita/{notice.slug}"]
    narrowed = page_of(site, "gotong", rubrik="budaya", jenis="article", tahun=2026)
    assert len(addresses(narrowed)) == 1
    # What is chosen stays in the other filters' links.
    assert "rubrik=budaya&amp;tahun=2026" in narrowed


def test_pages_of_results_hold_everything_once(site: Site) -> None:
    for number in range(23):
        published(site, f"Kerja bakti ke-{number}")
    followed(site)
    seen = [
        address for page in (1, 2, 3) for address in addresses(page_of(site, "bakti", hal=page))
    ]
    assert len(seen) == len(set(seen)) == 23
    assert "1–10 dari 23" in page_of(site, "bakti")
    assert addresses(page_of(site, "bakti", hal=99)) == []


def test_nothing_found_always_has_a_way_on(site: Site) -> None:
    rubrics.add_defaults(operator(site))
    published(site, "Panen padi", rubric="ekonomi-umkm")
    followed(site)
    for page in (
        page_of(site, "helikopter"),
        page_of(site, ""),
        page_of(site, "padi", tahun=1999),
        page_of(site, "padi", hal=50),
        page_of(site, '"'),
    ):
        ways = re.findall(r'<nav class="saring"[^>]*>(.*?)</nav>', page, re.DOTALL)
        assert ways, page
        assert 'href="/berita/"' in ways[0]
        assert 'href="/berita/panen-padi"' in ways[0]
        assert 'href="/rubrik/ekonomi-umkm"' in ways[0]
    assert 'href="/cari?q=padi"' in page_of(site, "padi", tahun=1999)
    assert "/cari?q=panen" in page_of(site, "panenxyzq", persis=1)


@pytest.mark.both_databases
def test_pages_of_the_village_are_found_and_leave_with_the_trash(site: Site) -> None:
    boss = operator(site)
    page = pages.create(boss, PageText(title="Sejarah desa", body="<p>Babad alas Mataraman.</p>"))
    followed(site)
    assert addresses(page_of(site, "mataraman")) == [page.url]
    assert addresses(page_of(site, "mataraman", jenis="page")) == [page.url]
    pages.trash(boss, page.id)
    assert addresses(page_of(site, "mataraman")) == []
    followed(site)
    assert suggested(site, "matar") == []


@hypothesis_settings(
    max_examples=120, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    q=st.one_of(
        st.text(max_size=60),
        st.text(alphabet="\"-“”„«»*~:()[]{}^\\/+|&!?\u202e\u200f\0\n'a ", max_size=200),
        st.integers(0, 10_000).map(lambda n: "posyandu " * (n // 9)),
        st.sampled_from(["a" * 10_000, '"' * 10_000, "-" * 10_000, "👪" * 2_000, "\u0621" * 3_000]),
    ),
    others=st.dictionaries(
        st.sampled_from(["rubrik", "tahun", "jenis", "hal", "persis", "x"]),
        st.one_of(st.text(max_size=20), st.integers().map(str)),
    ),
)
def test_every_query_string_is_answered(site: Site, q: str, others: dict[str, str]) -> None:
    if shelf.opened(site) is None:
        published(site, "Kader posyandu menimbang bayi", "Rapat di balai desa, a aa aaa.")
        followed(site)
    encoded = urlencode({"q": q, **others}, errors="surrogatepass")
    clock_of(site).advance(seconds=1)
    for path in ("/cari", "/cari/saran"):
        answer = client(site).get(f"{path}?{encoded}")
        assert answer.status_code == 200 or 400 <= answer.status_code < 500
        text = answer.get_data(as_text=True)
        assert "\u202e" not in text.replace(json.dumps(q), "")
        if path == "/cari":
            assert dangers_in_page(text) == []


@pytest.mark.parametrize(
    "raw", [b"q=%00", b"q=%ff%fe", b"q=%ed%a0%80", b"q", b"q=%", b"&&&=", b"q[]=1"]
)
def test_raw_query_strings_are_answered(site: Site, raw: bytes) -> None:
    answer = client(site).get(f"/cari?{raw.decode('latin-1')}")
    assert answer.status_code == 200


def test_no_vector_gets_out_of_query_title_or_text(site: Site) -> None:
    chosen = random.Random(6).sample(VECTORS, 60)
    for number, vector in enumerate(chosen):
        plain = re.sub(r"[\x00-\x1f]", " ", vector).encode("utf-8", "ignore").decode()
        title = f"nomor{number} {plain}"[:150]
        # As text, not as markup: it must come out of the snippet as text again.
        body = escape(f"nomor{number} {plain} dusun nomor{number}")
        published(site, title, body, tags=(plain.replace(",", " ")[:38] or "x",))
    followed(site)
    for number, vector in enumerate(chosen):
        for q in (f"nomor{number}", vector, f"nomor{number} {vector}"):
            assert dangers_in_page(page_of(site, q)) == [], vector


def test_a_flood_of_searches_is_slowed_and_reading_is_not(site: Site) -> None:
    article = published(site, "Panen padi")
    followed(site)
    web = client(site)
    answers = [web.get("/cari?q=padi").status_code for _ in range(80)]
    assert answers[:60] == [200] * 60
    assert 429 in answers
    refused = web.get("/cari?q=padi")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert web.get(f"/berita/{article.slug}").status_code == 200
    clock_of(site).advance(seconds=10)
    assert web.get("/cari?q=padi").status_code == 200


def test_results_are_never_stored_by_the_server_or_shared_caches(site: Site) -> None:
    published(site, "Panen padi")
    followed(site)
    answer = cari(site, "padi")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "desa.surrogate_keys" not in answer.request.environ
    assert not answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("harm", ["folder", "state", "cut", "zeroed"])
def test_a_lost_or_damaged_index_is_said_and_healed(site: Site, harm: str) -> None:
    published(site, "Panen padi", "Sawah menguning.")
    followed(site)
    folder = shelf.folder(site)
    segment = next(folder.glob("*.segment"))
    # A fresh process: nothing of the old index is in memory.
    shelf._open.pop(site, None)
    if harm == "folder":
        shutil.rmtree(folder)
    elif harm == "state":
        (folder / "state.json").unlink()
    elif harm == "cut":
        segment.write_bytes(segment.read_bytes()[:-40])
    else:
        data = segment.read_bytes()
        segment.write_bytes(data[:100] + bytes(64) + data[164:])
    page = page_of(site, "padi")
    assert "sedang disusun ulang" in page
    followed(site)
    page = page_of(site, "padi")
    assert len(addresses(page)) == 1
    assert "sedang disusun ulang" not in page


def test_following_opens_no_index_when_nothing_is_to_be_done(site: Site) -> None:
    published(site, "Panen padi")
    followed(site)
    shelf._open.pop(site, None)
    followed(site)
    assert shelf.opened(site) is None


def test_a_restored_journal_makes_the_index_anew(site: Site) -> None:
    published(site, "Panen padi")
    followed(site)
    site.database.execute_sql("UPDATE journal_head SET journal_id = 'another'")
    followed(site)
    kept = shelf.cursor_file(site).read()
    assert kept is not None
    assert kept.journal_id == "another"
    assert addresses(page_of(site, "padi"))


def test_a_busy_index_is_tried_again_and_stops_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(site, "Panen padi")
    followed(site)
    (index, *_others) = followers(site)
    article = published(site, "Panen jagung")
    with locked(shelf.folder(site) / "lock", "dipakai"):
        catch_up(site, index)
        # What failed is not skipped by what comes later.
        published(site, "Panen kedelai")
        catch_up(site, index)
        assert addresses(page_of(site, "jagung")) == []
    monkeypatch.setattr(index, "_rests_until", 0.0)
    catch_up(site, index)
    assert addresses(page_of(site, "jagung")) == [f"/berita/{article.slug}"]
    assert len(addresses(page_of(site, "kedelai"))) == 1


def test_the_doctor_says_how_search_is(site: Site) -> None:
    levels = [f.level.value for f in checks.run(site, CHECKS)]
    assert levels == ["perlu dilihat"]
    published(site, "Panen padi")
    followed(site)
    (finding,) = checks.run(site, CHECKS)
    assert finding.level.value == "baik"
    assert "1 naskah" in finding.sentence
    next(shelf.folder(site).glob("*.segment")).write_bytes(b"")
    assert [f.level.value for f in checks.run(site, CHECKS)] == ["perlu dilihat"]
    followed(site)
    assert [f.level.value for f in checks.run(site, CHECKS)] == ["baik"]


def test_browsers_are_told_how_to_search(site: Site) -> None:
    published(site, "Panen padi")
    answer = client(site).get("/opensearch.xml")
    root = ElementTree.fromstring(answer.data)
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    name = root.findtext(f"{space}ShortName") or ""
    assert 0 < len(name) <= 16
    templates = [url.get("template", "") for url in root.findall(f"{space}Url")]
    assert templates[0].endswith("/cari?q={searchTerms}")
    assert templates[1].endswith("/cari/saran?q={searchTerms}")
    assert 'href="/opensearch.xml"' in client(site).get("/").get_data(as_text=True)


def test_years_are_the_village_s_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    site = make_site(tmp_path, village_name="Waisai", time_zone="WIT")
    with site.bound():
        # 31 December 2026, 16.00 UTC: already the new year in the east.
        clock_of(site).set(1_798_732_800_000)
        found = published(site, "Pesta tahun baru")
        followed(site)
        assert addresses(page_of(site, "pesta", tahun=2027)) == [f"/berita/{found.slug}"]
    site.close()
