"""Sources: added once, described, trusted only when confirmed, removed and back; OPML both ways."""

from __future__ import annotations

import pytest
from lxml import etree

from desa_web.core import db, due, journal, settings
from desa_web.core.actor import operator
from desa_web.core.checks import Level, run
from desa_web.core.errors import Conflict, InvalidInput, NotFound
from desa_web.core.site import Site
from desa_web.features import due_handlers
from desa_web.features.hub import inbox, items, leases, opml, sources
from desa_web.features.hub.checks import CHECKS
from desa_web.features.hub.source import Kind, State, Trust
from tests.harness.hub import Desa
from tests.harness.site import clock_of

pytestmark = pytest.mark.both_databases


def add(hub: Site, address: str, kind: Kind = Kind.FEED, **words: str) -> sources.Source:
    words = {"name": "Desa Lama", **words}
    return sources.register(operator(hub), kind=kind, address=address, **words)  # type: ignore[arg-type]


def test_an_address_is_one_source_however_it_is_spelled(hub: Site) -> None:
    made = add(hub, "Desa.CONTOH.id/feed/")
    assert made.address == "https://desa.contoh.id/feed"
    assert made.slug == "lama"
    with pytest.raises(Conflict) as refused:
        add(hub, "https://desa.contoh.id/feed")
    assert refused.value.details["source_id"] == made.id
    assert add(hub, "https://desa.contoh.id/lain").slug == "lama-2"
    village = add(hub, "https://sukamaju.desa.id/berita/", Kind.DESA)
    assert village.address == "https://sukamaju.desa.id"


def test_a_source_is_found_by_what_a_person_calls_it(hub: Site) -> None:
    made = add(hub, "https://desa.contoh.id/feed", name="Desa Suka Maju")
    for word in (made.id, "suka-maju", "desa suka maju", "https://desa.contoh.id/feed/"):
        assert sources.find(hub, word).id == made.id
    for word in ("", "suka", "lain"):
        with pytest.raises(NotFound):
            sources.find(hub, word)


def test_what_an_officer_writes_stays_what_the_village_says_fills_gaps(
    hub: Site, desa: Desa
) -> None:
    name = desa.log_name
    made = sources.register(operator(hub), kind=Kind.DESA, name=name[:8], site=name)
    with desa.site.bound():
        said = {"kode_wilayah": "35.05.12.2003", "district": "Kademangan"}
        settings.change(desa.actor, said)
    desa.publish("Rapat")
    desa.sync(hub)
    heard = sources.get(hub, made.id)
    assert (heard.name, heard.kode_wilayah, heard.district) == (
        "Desa Sukamaju", "35.05.12.2003", "Kademangan",
    )  # fmt: skip
    assert not heard.is_confirmed
    sources.change(operator(hub), made.id, name="Desa Sukamaju Kulon", district="Wates")
    sources.confirm(operator(hub), made.id)
    with desa.site.bound():
        settings.change(desa.actor, {"village_name": "Kota Baru", "district": "Lain"})
    desa.sync(hub)
    kept = sources.get(hub, made.id)
    assert (kept.name, kept.district) == ("Desa Sukamaju Kulon", "Wates")
    claim = sources.claim(hub, name)
    assert claim is not None
    assert (claim.name, claim.district) == ("Desa Kota Baru", "Lain")


def test_a_village_can_write_no_nonsense_into_our_list(hub: Site, desa: Desa) -> None:
    name = desa.log_name
    sources.register(operator(hub), kind=Kind.DESA, name="x", site=name)
    desa.sync(hub)
    with db.write(hub.database):
        body = '{"op":"put","rev":1,"name":["a"],"kode_wilayah":"x","district":7,"url":null}'
        sql = "UPDATE sync_received SET body = ? WHERE kind = 'profile'"
        db.execute(hub.database, sql, body)
    assert sources.claim(hub, name) == sources.Claim("", "", "", "", "", "")


def test_only_a_confirmed_source_is_trusted(hub: Site) -> None:
    made = add(hub, "https://desa.contoh.id/feed")
    with pytest.raises(Conflict):
        sources.trust(operator(hub), made.id, Trust.AUTO)
    sources.confirm(operator(hub), made.id)
    assert sources.trust(operator(hub), made.id, Trust.AUTO).trust is Trust.AUTO
    assert sources.trust(operator(hub), made.id, Trust.REVIEW).trust is Trust.REVIEW


def test_two_officers_cannot_both_change_what_they_saw(hub: Site) -> None:
    made = add(hub, "https://desa.contoh.id/feed")
    sources.change(operator(hub), made.id, contact="Pak Budi, 0812", version=made.version)
    with pytest.raises(Conflict):
        sources.change(operator(hub), made.id, contact="Bu Sri", version=made.version)
    for wrong in ({"name": " "}, {"contact": "x" * 301}, {"kode_wilayah": "12"}):
        with pytest.raises(InvalidInput):
            sources.change(operator(hub), made.id, **wrong)  # type: ignore[arg-type]


def test_another_address_is_asked_at_once_and_a_source_without_one_never(hub: Site) -> None:
    made = add(hub, "https://desa.contoh.id/feed")
    leases.take(hub, "a", limit=1)
    leases.note(hub, "a", [leases.Result(source_id=made.id, etag='"1"')])
    assert leases.take(hub, "a", limit=1) == []
    sources.change(operator(hub), made.id, address="https://baru.contoh.id/feed")
    assert sources.get(hub, made.id).poll.etag == ""
    assert leases.take(hub, "a", limit=1) == [made.id]
    sources.change(operator(hub), made.id, address="")
    assert leases.take(hub, "a", limit=1, is_due=False) == []


def test_a_removed_source_keeps_the_credit_of_what_was_published(hub: Site, desa: Desa) -> None:
    source = desa.known_to(hub)
    object_id = desa.publish("Rapat")
    desa.sync(hub)
    item = items.of_object(source.id, object_id)
    assert item is not None
    done = inbox.publish(operator(hub), item.id)
    sources.remove(operator(hub), source.id)
    assert sources.listed(hub) == []
    assert items.listing(items.Shelf.PUBLISHED) == []
    origin = items.of_article(done.article_id or "")
    assert origin is not None
    assert origin.source_name == source.name
    back = desa.known_to(hub)
    assert (back.id, back.state) == (source.id, State.ACTIVE)
    assert len(items.listing(items.Shelf.PUBLISHED)) == 1


def test_changes_of_sources_are_journaled_and_pages_that_show_them_go(hub: Site) -> None:
    before = journal.head(hub).seq
    made = add(hub, "https://desa.contoh.id/feed")
    sources.pause(operator(hub), made.id)
    sources.pause(operator(hub), made.id)
    rows = journal.read(hub, before)
    assert [(row.kind, row.op) for row in rows] == [("source", "add"), ("source", "paused")]
    assert all({f"source:{made.id}", "list:source"} <= set(row.keys) for row in rows)


def test_the_list_goes_out_as_opml_and_comes_in_again(hub: Site) -> None:
    add(hub, "https://satu.contoh.id", Kind.DESA, name='Desa "1" & <kawan>', district="Wates",
        kode_wilayah="35.05.12.2003")  # fmt: skip
    add(hub, "https://dua.contoh.id/feed?a=1&b=2", name="Dua")
    data = opml.make(hub, sources.listed(hub))
    root = etree.fromstring(data)
    assert root.get("version") == "2.0"
    feeds = {
        one.get("text"): one.get("xmlUrl") for one in root.iter("outline") if one.get("xmlUrl")
    }
    assert feeds == {
        'Desa "1" & <kawan>': "https://satu.contoh.id/feed.atom",
        "Dua": "https://dua.contoh.id/feed?a=1&b=2",
    }
    assert [one.is_added for one in opml.take(operator(hub), data)] == [False, False]
    before = {(s.kind, s.name, s.address, s.kode_wilayah, s.district) for s in sources.listed(hub)}
    with db.write(hub.database):
        db.execute(hub.database, "DELETE FROM hub_source")
    assert [one.is_added for one in opml.take(operator(hub), data)] == [True, True]
    after = {(s.kind, s.name, s.address, s.kode_wilayah, s.district) for s in sources.listed(hub)}
    assert after == before


@pytest.mark.parametrize(
    "data",
    [
        b"", b"bukan", b"<html/>", b"<opml><body>", b"\xff\xfe", b"x" * 5_000_001,
        b'<!DOCTYPE o [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><opml><outline xmlUrl="&c;"/></opml>',
        b'<!DOCTYPE o SYSTEM "file:///etc/passwd"><html/>',
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_opml_is_refused(hub: Site, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        list(opml.take(operator(hub), data))


def test_an_opml_of_another_reader_comes_in_what_is_wrong_is_named(hub: Site) -> None:
    data = (
        b'<?xml version="1.0"?><opml version="1.1"><head/><body><outline text="Kelompok">'
        b'<outline title="Blog Desa" xmlUrl="http://blog.contoh.id/rss"/>'
        b'<outline text="Salah" xmlUrl="ftp://x"/><outline text="" xmlUrl="https://y.id/feed"/>'
        b"</outline></body></opml>"
    )
    told = [(one.name, one.is_added) for one in opml.take(operator(hub), data)]
    assert told == [("Blog Desa", True), ("Salah", False), ("", True)]
    assert {source.name for source in sources.listed(hub)} == {"Blog Desa", "y.id"}


def test_doctor_says_when_nobody_asks_and_who_does_not_answer(hub: Site) -> None:
    assert [f.level for f in run(hub, CHECKS)] == []
    made = add(hub, "https://desa.contoh.id/feed")
    assert [f.level for f in run(hub, CHECKS)] == [Level.GOOD]
    clock_of(hub).advance(seconds=2 * 3600)
    assert [f.level for f in run(hub, CHECKS)] == [Level.WARNING]
    for _n in range(3):
        leases.take(hub, "a", limit=1, is_due=False)
        leases.note(hub, "a", [leases.Result(source_id=made.id, error_code="dns", error="Mati.")])
    found = {f.subject: (f.level, f.sentence) for f in run(hub, CHECKS)}
    assert found["pengambilan"][0] is Level.GOOD
    assert found["Desa Lama"] == (Level.WARNING, "Mati.")
    clock_of(hub).advance(days=4)
    assert Level.WARNING in {f.level for f in run(hub, CHECKS) if f.subject == "pengambilan"}


def test_without_sources_nobody_looks_any_more(hub: Site) -> None:
    assert due.next_at(hub) is None
    made = add(hub, "https://desa.contoh.id/feed")
    assert due.next_at(hub) is not None
    sources.remove(operator(hub), made.id)
    due.tick(hub, due_handlers(hub))
    assert due.next_at(hub) is None
    add(hub, "https://desa.contoh.id/feed")
    assert due.next_at(hub) is not None
