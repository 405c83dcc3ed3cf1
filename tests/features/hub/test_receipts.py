"""Receipts: said in the deciding transaction, signed, taken once, in any order, by any way."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import bagit
import pytest

from desa_web.core import db, journal
from desa_web.core.actor import operator
from desa_web.core.errors import InvalidInput
from desa_web.core.site import Site
from desa_web.engines.sync.errors import Tampered
from desa_web.features.hub import intake, pairing, receipts
from desa_web.features.sync import bundles, hubs
from desa_web.features.sync import pairing as village_side
from desa_web.features.sync import receipts as heard
from desa_web.features.sync import service as sync
from tests.harness.hub import Desa, make_hub
from tests.harness.pairing import follow
from tests.harness.site import clock_of

pytestmark = pytest.mark.usefixtures("known")


@pytest.fixture
def known(hub: Site, desa: Desa) -> str:
    """The two are paired by files; gives the source's id."""
    follow(hub)
    desa.follow()
    made, invitation = pairing.invite_by_file(operator(hub))
    with desa.site.bound():
        reply = village_side.accept(operator(desa.site), invitation)
    pairing.take_reply(operator(hub), reply)
    return pairing.confirm(operator(hub), made.id)


def say(hub: Site, source_id: str, object_id: str, rev: int, status: str, **words: str) -> None:
    with journal.change(operator(hub)):
        receipts.say(source_id, object_id, rev, status, **words)  # type: ignore[arg-type]


def tell(hub: Site, desa: Desa, source_id: str) -> int:
    """Carry what the village does not hold yet; return how many words were new to it."""
    new = 0
    while True:
        with desa.site.bound():
            born, n = heard.place(desa.site, own(desa))
        with hub.bound():
            receipts.heard(hub, source_id, born, n)
            page = receipts.letter(hub, source_id, born, n)
        if not page:
            return new
        with desa.site.bound():
            taken = heard.take(desa.site, own(desa), page)
        new += taken.new
        if not taken.more:
            return new


def own(desa: Desa) -> str:
    hub = hubs.newest(desa.site)
    assert hub is not None
    return hub.site


def words(desa: Desa) -> dict[str, tuple[str, int, str]]:
    with desa.site.bound():
        return {w.object_id: (w.status, w.rev, w.reason) for w in heard.newest(desa.site, 1000)}


@pytest.mark.both_databases
def test_the_newest_word_on_each_article_arrives_once(hub: Site, desa: Desa, known: str) -> None:
    assert tell(hub, desa, known) == 0
    say(hub, known, "a", 1, "accepted")
    say(hub, known, "b", 1, "accepted")
    assert tell(hub, desa, known) == 2
    assert tell(hub, desa, known) == 0
    say(hub, known, "a", 1, "returned", reason="Foto kurang jelas.")
    say(hub, known, "a", 2, "accepted")
    say(hub, known, "a", 2, "published", address="https://hub.go.id/berita/a")
    assert tell(hub, desa, known) == 1
    assert words(desa) == {"a": ("published", 2, ""), "b": ("accepted", 1, "")}
    before = receipts.told(hub, known)
    tell(hub, desa, known)
    assert receipts.told(hub, known) > before, "that it holds them, the village says with its next"


def test_accepted_at_is_when_this_revision_came(hub: Site, desa: Desa, known: str) -> None:
    say(hub, known, "a", 1, "accepted")
    first = clock_of(hub).at_ms
    clock_of(hub).advance(days=1)
    say(hub, known, "a", 1, "published")
    assert receipts.of_source(hub, known)[0].received_at_ms == first
    say(hub, known, "a", 2, "accepted")
    assert receipts.of_source(hub, known)[0].received_at_ms == clock_of(hub).at_ms


def test_a_decision_that_fails_says_nothing(hub: Site, known: str) -> None:
    def decide() -> None:
        with journal.change(operator(hub)):
            receipts.say(known, "a", 1, "published")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        decide()
    assert receipts.of_source(hub, known) == []


@pytest.mark.both_databases
def test_many_words_go_in_pages(hub: Site, desa: Desa, known: str) -> None:
    with journal.change(operator(hub)):
        for n in range(450):
            receipts.say(known, f"berita-{n}", 1, "accepted")
    assert tell(hub, desa, known) == 450
    assert len(list(receipts.pages(hub, known))) == 3


def test_pages_again_and_in_any_order_change_nothing(hub: Site, desa: Desa, known: str) -> None:
    pages, rnd = [], random.Random(7)
    for n in range(12):
        say(hub, known, f"a{n % 4}", n, rnd.choice(("accepted", "returned", "published")))
        pages.append(receipts.letter(hub, known, 0, rnd.randrange(n + 1)))
        pages.extend(receipts.pages(hub, known))
    truth = {r.object_id: (r.status, r.rev, r.reason) for r in receipts.of_source(hub, known)}
    hub_name = own(desa)
    with desa.site.bound():
        for page in rnd.sample([p for p in pages if p] * 2, k=len([p for p in pages if p]) * 2):
            heard.take(desa.site, hub_name, page)
    assert words(desa) == truth


def test_a_page_that_begins_further_on_leaves_the_gap_to_be_asked_for(
    hub: Site, desa: Desa, known: str
) -> None:
    for name in "abcd":
        say(hub, known, name, 1, "accepted")
    born = int(receipts.letter(hub, known, 0, 0).split(b'"born":')[1].split(b",")[0])
    page = receipts.letter(hub, known, born, 2)
    with desa.site.bound():
        heard.take(desa.site, own(desa), page)
        assert heard.place(desa.site, own(desa)) == (0, 0)
    assert tell(hub, desa, known) == 2
    assert set(words(desa)) == set("abcd")


def test_no_changed_byte_of_a_page_is_believed(hub: Site, desa: Desa, known: str) -> None:
    say(hub, known, "a", 1, "returned", reason="Mohon tambahkan foto.")
    say(hub, known, "b", 1, "published", address="https://hub.go.id/b")
    page, name = receipts.letter(hub, known, 0, 0), own(desa)
    rnd = random.Random(3)
    with desa.site.bound():
        for at in range(len(page)):
            changed = bytearray(page)
            changed[at] ^= 1 << rnd.randrange(8)
            with pytest.raises(Tampered):
                heard.take(desa.site, name, bytes(changed))
        for end in range(len(page)):
            with pytest.raises(Tampered):
                heard.take(desa.site, name, page[:end])
        lines = page.split(b"\n")
        for without in ([*lines[:1], *lines[2:]], [*lines[:2], *lines[3:]], lines[::-1]):
            with pytest.raises(Tampered):
                heard.take(desa.site, name, b"\n".join(without))
    assert words(desa) == {}


def test_another_hub_and_another_village_are_not_meant(
    hub: Site, desa: Desa, known: str, tmp_path: Path
) -> None:
    say(hub, known, "a", 1, "accepted")
    page, name = receipts.letter(hub, known, 0, 0), own(desa)
    other = Desa.make(tmp_path / "lain")
    other.follow()
    with other.site.bound(), pytest.raises(Tampered):
        heard.take(other.site, name, page)
    liar = make_hub(tmp_path / "pembohong")
    follow(liar)
    with liar.bound():
        source = desa.known_to(liar)
        say(liar, source.id, "a", 9, "returned", reason="palsu")
        forged = receipts.letter(liar, source.id, 0, 0)
    with desa.site.bound():
        for hub_name in (name, "x" * 26):
            with pytest.raises(Tampered):
                heard.take(desa.site, hub_name, forged)
    assert words(desa) == {}
    liar.close()
    other.site.close()


def test_a_rotated_key_goes_on_and_the_old_one_is_over(hub: Site, desa: Desa, known: str) -> None:
    say(hub, known, "a", 1, "accepted")
    old = receipts.letter(hub, known, 0, 0)
    sync.rotate(operator(hub))
    say(hub, known, "a", 1, "published")
    assert tell(hub, desa, known) == 1
    with desa.site.bound(), pytest.raises(Tampered):
        heard.take(desa.site, own(desa), old)
    assert words(desa)["a"][0] == "published"


@pytest.mark.both_databases
def test_a_hub_that_came_back_from_a_backup_is_heard_again(
    hub: Site, desa: Desa, known: str
) -> None:
    for n in range(5):
        say(hub, known, f"a{n}", 1, "accepted")
    assert tell(hub, desa, known) == 5
    late = receipts.letter(hub, known, 0, 3)
    # The backup was made after the second word.
    with db.write(hub.database):
        db.execute(hub.database, "DELETE FROM hub_receipt WHERE n > 2")
        db.execute(hub.database, "UPDATE hub_receipt_head SET n = 2")
    journal.renew(hub)
    clock_of(hub).set(1000)  # and its clock has forgotten the year
    say(hub, known, "a4", 2, "published")
    assert tell(hub, desa, known) == 3
    assert words(desa)["a4"] == ("published", 2, "")
    with desa.site.bound():
        assert heard.take(desa.site, own(desa), late).new == 0
    assert words(desa)["a4"] == ("published", 2, "")


def test_a_hub_whose_database_is_new_is_heard_after_a_question(
    hub: Site, desa: Desa, known: str
) -> None:
    clock_of(hub).advance(days=10)
    say(hub, known, "a", 1, "accepted")
    tell(hub, desa, known)
    with db.write(hub.database):
        db.execute(hub.database, "DELETE FROM hub_receipt_head")
        db.execute(hub.database, "DELETE FROM hub_receipt")
    clock_of(hub).advance(days=-10)
    say(hub, known, "a", 2, "published")
    assert tell(hub, desa, known) == 1
    assert words(desa)["a"] == ("published", 2, "")


def test_a_locked_key_says_nothing_and_loses_nothing(hub: Site, desa: Desa, known: str) -> None:
    say(hub, known, "a", 1, "accepted")
    keys = hub.data / "keys"
    kept = {path: path.read_bytes() for path in keys.glob("signing-*.key")}
    for path in kept:
        path.unlink()
    assert receipts.letter(hub, known, 0, 0) == b""
    for path, data in kept.items():
        path.write_bytes(data)
    assert tell(hub, desa, known) == 1


@pytest.mark.both_databases
def test_a_stick_brings_news_in_and_words_back(
    hub: Site, desa: Desa, known: str, tmp_path: Path
) -> None:
    photo = desa.add_photo()
    ids = [desa.publish("Panen", lead_photo_id=photo), desa.publish("Posyandu")]
    desa.follow()
    stick = tmp_path / "stik"
    stick.mkdir()
    with desa.site.bound():
        [there] = bundles.create(operator(desa.site), stick)
    with hub.bound():
        taken = bundles.take(operator(hub), there)
        assert (taken.photos, taken.missing_photos) == (1, 0)
        again = bundles.take(operator(hub), there)
        assert (again.accepted, again.photos) == (0, 0)
        states = db.execute(hub.database, "SELECT state FROM hub_photo").fetchall()
        assert states == [("here",)]
        [back] = bundles.create(operator(hub), stick)
    with zipfile.ZipFile(back) as archive:
        archive.extractall(tmp_path / "dibuka")
    [root] = (tmp_path / "dibuka").iterdir()
    assert bagit.Bag(str(root)).is_valid()
    with desa.site.bound():
        assert bundles.take(operator(desa.site), back).receipts == 2
        assert bundles.take(operator(desa.site), back).receipts == 0
    assert {name: word[0] for name, word in words(desa).items()} == dict.fromkeys(ids, "accepted")


def test_a_stick_of_an_unknown_village_becomes_a_source_to_look_at(
    hub: Site, desa: Desa, tmp_path: Path
) -> None:
    other = Desa.make(tmp_path / "lain", "Lain")
    other.publish("Kabar pertama")
    other.follow()
    with other.site.bound():
        [there] = bundles.create(operator(other.site), tmp_path)
    with hub.bound():
        assert bundles.take(operator(hub), there).accepted > 0
        sql = "SELECT name, is_confirmed FROM hub_source WHERE site = ?"
        row = db.execute(hub.database, sql, other.log_name).fetchone()
    assert tuple(row) == ("Desa Lain", 0)
    other.site.close()


def test_a_stick_with_words_for_others_is_not_for_us(
    hub: Site, desa: Desa, known: str, tmp_path: Path
) -> None:
    with hub.bound(), pytest.raises(Exception, match="Belum ada tanda terima"):
        bundles.create(operator(hub), tmp_path)
    say(hub, known, "a", 1, "accepted")
    with hub.bound():
        [back] = bundles.create(operator(hub), tmp_path)
    other = Desa.make(tmp_path / "lain")
    other.follow()
    with other.site.bound(), pytest.raises(InvalidInput):
        bundles.take(operator(other.site), back)
    other.site.close()


def test_what_the_inbox_takes_is_said_to_be_accepted(hub: Site, desa: Desa, known: str) -> None:
    article = desa.publish("Panen raya")
    intake.taken(hub, known, desa.page_for(hub), is_live=True)
    assert tell(hub, desa, known) == 1
    assert words(desa) == {article: ("accepted", 1, "")}
