"""Collecting: feeds of other software, villages that cannot be asked, a failing disk, the lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.errors import Busy, Conflict, InvalidInput
from desa_web.core.site import Site, open_site
from desa_web.engines.sync.errors import NotStored
from desa_web.engines.sync.unreachable import Unreachable
from desa_web.features.hub import collect, inbox, intake, items, leases, sources
from desa_web.features.hub.item import Look
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Kind, Source, Trust
from desa_web.features.media import service as media
from desa_web.features.news.models import ArticleRow, RevisionRow
from tests.harness.hub import Desa, make_hub, serving_villages, view
from tests.harness.other_site import OtherSite, Page, other_site
from tests.harness.photos import photo
from tests.harness.site import clock_of
from tests.ops.test_bad_disk import remount, small_disk

ENTRY = """<item><title>{title}</title><link>{url}/berita/{n}</link><guid>{url}/?p={n}</guid>
<pubDate>Fri, 20 Nov 2026 07:00:00 +0700</pubDate><category>Kesehatan</category>
<dc:creator>Bu Sri</dc:creator><content:encoded><![CDATA[{body}]]></content:encoded></item>"""
FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Desa Lama</title>
<link>{url}/</link>{entries}</channel></rss>"""


@pytest.fixture
def there() -> Iterator[OtherSite]:
    with other_site() as found:
        yield found


def feed(there: OtherSite, *entries: tuple[int, str, str], etag: str = "") -> None:
    said = "".join(
        ENTRY.format(n=n, title=title, url=there.url, body=body.replace("URL", there.url))
        for n, title, body in entries
    )
    body = FEED.format(url=there.url, entries=said)
    there.pages["/feed"] = Page(body, "application/rss+xml", etag=etag)


def add_feed(hub: Site, there: OtherSite) -> Source:
    return sources.add(operator(hub), f"{there.url}/feed")


def pull(hub: Site, **choice: object) -> collect.Report:
    choice = {"is_due": False, **choice}
    return collect.run(hub, **choice)  # type: ignore[arg-type]


def error_of(hub: Site, source: Source) -> tuple[str, str]:
    found = sources.get(hub, source.id).poll
    return found.error_code, found.error


def live_text(item_id: str, hub: Site) -> RevisionRow:
    article = ArticleRow.get_by_id(items.get(hub, item_id).item.article_id)
    return RevisionRow.get_by_id(article.live_revision_id)


@pytest.mark.both_databases
def test_a_feeds_news_is_published_clean_with_its_pictures_and_its_link(
    hub: Site, there: OtherSite
) -> None:
    there.pages["/satu.jpg"] = Page(photo(1), "image/jpeg")
    there.pages["/dua.jpg"] = Page(photo(2), "image/jpeg")
    body = (
        '<img src="URL/satu.jpg" alt="Posyandu"><p onclick="x()">Warga <b>hadir</b>.</p>'
        '<script>alert(1)</script><img src="URL/dua.jpg"><p>Selesai.</p><p>485 Dilihat</p>'
    )
    feed(there, (1, "Posyandu &amp; gizi", body))
    source = add_feed(hub, there)
    assert (source.kind, source.name) == (Kind.FEED, "Desa Lama")
    report = pull(hub)
    assert (report.failed, report.accepted, report.photos) == (0, 1, 2)
    (waiting,) = items.listing(Shelf.NEW)
    inbox.publish(operator(hub), waiting.id)
    text = live_text(waiting.id, hub)
    assert (text.title, text.byline, text.source) == ("Posyandu & gizi", "Bu Sri", "Desa Lama")
    assert "<strong>hadir</strong>" in text.body
    assert not any(word in text.body for word in ("script", "onclick", "485", "<img"))
    (inside,) = media.photo_ids(text.body)
    shown = media.photos([text.lead_photo_id or "", inside])
    assert {one.credit for one in shown.values()} == {"Desa Lama"}
    assert shown[text.lead_photo_id or ""].alt == "Posyandu"
    assert items.get(hub, waiting.id).link == f"{there.url}/berita/1"
    article = ArticleRow.get_by_id(items.get(hub, waiting.id).item.article_id)
    assert article.published_at == 1_795_132_800_000


def test_a_feed_without_news_costs_one_small_question(hub: Site, there: OtherSite) -> None:
    feed(there, (1, "Satu", "<p>Isi.</p>"), etag='"v1"')
    add_feed(hub, there)
    assert pull(hub).accepted == 1
    there.asked.clear()
    told: list[collect.Asked] = []
    pull(hub, tell=told.append)
    assert (there.asked, told[0].unchanged) == (["/feed"], True)


def test_what_a_feed_changes_waits_and_what_it_forgets_stays(hub: Site, there: OtherSite) -> None:
    feed(there, (1, "Satu", "<p>Isi.</p>"), (2, "Dua", "<p>Isi.</p>"))
    source = add_feed(hub, there)
    pull(hub)
    first = next(one for one in items.listing(Shelf.NEW) if one.title == "Satu")
    inbox.publish(operator(hub), first.id)
    feed(there, (1, "Satu dibetulkan", "<p>Isi.</p>"), (3, "Tiga", "<p>Isi.</p>"))
    assert pull(hub).accepted == 2
    assert items.get(hub, first.id).look is Look.UPDATED
    assert sorted(row.title for row in items.public_of(source.id)) == [
        "Dua", "Satu dibetulkan", "Tiga",
    ]  # fmt: skip
    assert pull(hub).accepted == 0


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page("<html><title>Masuk Wi-Fi</title>", "text/html"), "feed-tidak-terbaca"),
        (Page("", status=503, headers={"Retry-After": "7200"}), "sibuk"),
        (Page("", status=500), "galat"),
        (Page("", status=410), "hilang"),
        (Page(b"\x00\xff" * 50, "application/rss+xml"), "feed-tidak-terbaca"),
        (Page("", status=301, headers={"Location": "ftp://x/"}), "alamat"),
    ],
)
def test_a_source_that_fails_says_why_and_stops_nobody_else(
    hub: Site, there: OtherSite, page: Page, code: str
) -> None:
    feed(there, (1, "Satu", "<p>Isi.</p>"))
    source = add_feed(hub, there)
    there.pages["/baik"] = there.pages["/feed"]
    good = sources.register(operator(hub), kind=Kind.FEED, name="Baik", address=f"{there.url}/baik")
    there.pages["/feed"] = page
    report = pull(hub)
    assert (report.asked, report.failed, report.exit_code) == (2, 1, 1)
    assert error_of(hub, source)[0] == code
    assert len(error_of(hub, source)[1]) > 20
    assert error_of(hub, good) == ("", "")
    assert len(items.listing(Shelf.NEW)) == 1
    if "Retry-After" in page.headers:
        next_at = sources.get(hub, source.id).poll.next_at.timestamp() * 1000
        assert next_at >= hub.clock.now_ms() + 7_200_000


def test_a_feed_that_leads_inside_is_refused_with_exit_code_4(
    tmp_path: Path, there: OtherSite
) -> None:
    """Without the operator's leave no address of our own network is asked, in feeds neither."""
    from tests.harness.site import make_site

    made = make_site(tmp_path, options={"role": "hub"})
    with made.bound():
        with pytest.raises(Unreachable):
            sources.add(operator(made), f"{there.url}/feed")
        sources.add(operator(made), f"{there.url}/feed", kind=Kind.FEED, name="Dalam")
        report = pull(made)
        assert (report.exit_code, there.asked) == (4, [])
    made.close()


def test_pictures_that_are_none_or_do_not_come_stop_no_article(hub: Site, there: OtherSite) -> None:
    there.pages["/palsu.jpg"] = Page("<html>bukan foto", "image/jpeg")
    there.pages["/hilang.jpg"] = Page("", status=410)
    there.pages["/baik.jpg"] = Page(photo(5), "image/jpeg")
    names = ("palsu", "hilang", "baik", "salah")
    body = "".join(f'<p>Isi</p><img src="URL/{name}.jpg">' for name in names)
    feed(there, (1, "Foto", body))
    source = add_feed(hub, there)
    assert pull(hub).photos == 2
    (waiting,) = items.listing(Shelf.NEW)
    inbox.publish(operator(hub), waiting.id)
    assert len(media.photo_ids(live_text(waiting.id, hub).body)) == 1
    states = items.get(hub, waiting.id).photo_states
    told = {ref.rpartition("/")[2]: state for ref, state in states.items()}
    assert told == {
        "palsu.jpg": "refused", "hilang.jpg": "gone", "baik.jpg": "here", "salah.jpg": "wanted",
    }  # fmt: skip
    for _n in range(10):
        pull(hub)
    sql = "SELECT state FROM hub_photo WHERE source_id = ? AND ref LIKE '%salah%'"
    assert db.execute(hub.database, sql, source.id).fetchone()[0] == "refused"
    assert there.asked.count("/hilang.jpg") == 1


def test_a_page_leads_to_its_feed_and_usual_places_are_tried(hub: Site, there: OtherSite) -> None:
    feed(there, (1, "Satu", "<p>Isi.</p>"))
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    there.pages["/"] = Page(f"<html><head>{link.format('/feed')}</head></html>")
    found = sources.add(operator(hub), there.url)
    assert (found.address, found.kind) == (f"{there.url}/feed", Kind.FEED)
    with pytest.raises(Conflict):
        sources.add(operator(hub), there.url)
    sources.remove(operator(hub), found.id)
    there.pages["/"] = Page("<html><head></head></html>")
    again = sources.add(operator(hub), there.url)
    assert (again.id, again.state.value) == (found.id, "active")


def test_an_address_without_news_is_refused_and_nothing_is_kept(
    hub: Site, there: OtherSite
) -> None:
    for page in ({}, {"/": Page("<html>Toko</html>")}):
        there.pages = page
        with pytest.raises(InvalidInput):
            sources.add(operator(hub), there.url)
    with pytest.raises(Unreachable):
        sources.add(operator(hub), "http://127.0.0.1:9/")
    for address in ("", "ftp://x.id", "http://", "http://a b", "x" * 600, "http://u:p@x.id"):
        with pytest.raises(InvalidInput):
            sources.add(operator(hub), address)
    assert sources.listed(hub) == []


def test_older_pages_of_a_new_feed_are_taken_too(hub: Site, there: OtherSite) -> None:
    for n in (1, 2, 3):
        older = f'<link rel="next" href="{there.url}/{n + 1}"/>' if n < 3 else ""
        there.pages[f"/{n}"] = Page(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Lama</title>{older}<entry>'
            f"<id>urn:x:{n}</id><title>Kabar {n}</title><content>Isi</content></entry></feed>",
            "application/atom+xml",
        )
    sources.add(operator(hub), f"{there.url}/1")
    assert pull(hub).accepted == 3
    there.asked.clear()
    pull(hub)
    assert there.asked == ["/1"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desa]:
    """A village behind its server, for all hubs of this module."""
    made = Desa.make(tmp_path_factory.mktemp("desa"))
    made.publish("Rapat desa")
    made.follow()
    with serving_villages([made], {"DESA_FOLLOW": "false"}):
        yield made
    made.site.close()


def test_a_villages_address_is_enough(hub: Site, served: Desa) -> None:
    found = sources.add(operator(hub), served.url)
    assert (found.kind, found.site, found.is_confirmed) == (Kind.DESA, served.log_name, False)
    assert found.name == "Desa Sukamaju"
    assert pull(hub).accepted >= 3
    assert view(hub, found) == served.truth()
    with pytest.raises(Conflict):
        sources.add(operator(hub), f"{served.url}berita/")
    unchanged: list[collect.Asked] = []
    pull(hub, tell=unchanged.append)
    assert unchanged[0].unchanged
    # Said from a desk without a network, its log is learned at the first pull.
    sources.remove(operator(hub), found.id)
    with db.write(hub.database):
        db.execute(hub.database, "DELETE FROM hub_source")
    offline = sources.add(operator(hub), served.url, kind=Kind.DESA)
    assert offline.site is None
    assert pull(hub).failed == 0
    learned = sources.get(hub, offline.id)
    assert (learned.site, learned.name) == (served.log_name, "Desa Sukamaju")


def test_only_due_sources_are_asked_and_their_rhythm_is_kept(hub: Site, served: Desa) -> None:
    sources.add(operator(hub), served.url)
    assert pull(hub, is_due=True).asked == 1
    assert pull(hub, is_due=True).asked == 0
    clock_of(hub).advance(days=1.3)
    assert pull(hub, is_due=True).asked == 1


def test_what_a_run_that_died_had_leased_is_asked_by_the_next(hub: Site, served: Desa) -> None:
    source = sources.add(operator(hub), served.url)
    assert leases.take(hub, "dead", limit=9) == [source.id]
    assert pull(hub, is_due=True).asked == 1


def test_two_runs_do_not_meet(hub: Site, served: Desa) -> None:
    sources.add(operator(hub), served.url)
    with (hub.data / "sync.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Busy):
            pull(hub)
    assert pull(hub).failed == 0


def test_without_room_for_photos_texts_are_kept_and_the_next_run_goes_on(
    hub: Site, served: Desa, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = served.add_photo()
    served.publish("Dengan foto", lead_photo_id=lead)
    served.follow()
    source = sources.add(operator(hub), served.url)
    # No machine has that much: there is no room beyond the reserve.
    monkeypatch.setenv("DESA_FREE_SPACE_RESERVE_MB", "1000000000")
    full = open_site(hub.path, clock_of(hub))
    with full.bound(), pytest.raises(NotStored) as refused:
        pull(full)
    full.close()
    assert refused.value.exit_code == 5
    assert view(hub, source) == served.truth(), "texts are kept; only photos had no room"
    assert leases.take(hub, "next", limit=9, is_due=False) == [source.id]
    leases.free(hub, "next")
    assert pull(hub).photos >= 1


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_ends_the_run_with_code_5_nothing_is_half_written(
    served: Desa, tmp_path: Path
) -> None:
    for n in range(30):
        served.publish(f"Panjang {n}", "<p>" + f"kata{n} " * 9000 + "</p>")
    served.follow()
    with small_disk(tmp_path / "disk", "3m") as disk:
        small = make_hub(disk)
        with small.bound():
            source = sources.add(operator(small), served.url)
            with pytest.raises(NotStored) as refused:
                pull(small)
            assert refused.value.exit_code == 5
            before = view(small, source)
            assert before.items() <= served.truth().items()
            assert len(before) < len(served.truth()), "the disk was never full"
            remount(disk, "size=300m")
            report = pull(small)
            assert (report.asked, report.failed) == (1, 0)
            assert view(small, source) == served.truth()
            problem = db.execute(small.database, "PRAGMA integrity_check").fetchone()[0]
            assert problem == "ok"
        small.close()


def test_a_trusted_villages_news_is_out_with_its_photo_when_the_run_ends(
    hub: Site, served: Desa
) -> None:
    lead = served.add_photo()
    served.publish("Dengan foto", lead_photo_id=lead)
    served.follow()
    source = sources.add(operator(hub), served.url)
    sources.confirm(operator(hub), source.id)
    sources.trust(operator(hub), source.id, Trust.AUTO)
    report = pull(hub)
    truth = served.truth()
    assert report.photos == sum(len(photos) for _title, _body, photos in truth.values())
    assert report.published == len(truth)
    rows = [row for row in items.public_of(source.id) if row.title == "Dengan foto"]
    text = live_text(rows[0].id, hub)
    assert text.lead_photo_id
    # Photo and text came together: readers never saw it without.
    assert RevisionRow.select().where(RevisionRow.article_id == text.article_id).count() == 1


def test_a_bug_that_one_source_brings_out_stops_nobody_else(
    hub: Site, served: Desa, there: OtherSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(there, (1, "Satu", "<p>Isi.</p>"))
    add_feed(hub, there)
    village = sources.add(operator(hub), served.url)
    monkeypatch.setattr(intake, "entries", lambda *_a: 1 / 0)
    report = pull(hub)
    assert (report.asked, report.failed) == (2, 1)
    assert view(hub, village) == served.truth()


def test_paused_sources_are_left_alone(hub: Site, served: Desa) -> None:
    source = sources.add(operator(hub), served.url)
    sources.pause(operator(hub), source.id)
    assert pull(hub).asked == 0
    assert pull(hub, only=[source.id]).asked == 0
    sources.resume(operator(hub), source.id)
    assert pull(hub, is_due=True).asked == 1
