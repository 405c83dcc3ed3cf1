"""The officer's pages: every decision by plain forms, many at once with an undo, the board."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from desa_web.core import db
from desa_web.core.actor import Role
from desa_web.core.clock import DAY_MS
from desa_web.core.site import Site
from desa_web.features.hub import board, inbox, items, sources, views
from desa_web.features.hub.board import Pulse
from desa_web.features.hub.item import State
from desa_web.features.hub.items import Shelf
from desa_web.features.hub.source import Kind, Source
from desa_web.features.sync import service as sync
from tests.harness.htmlcheck import messages_of
from tests.harness.hub import Desa, serving_villages
from tests.harness.site import SAME_ORIGIN, actor_as, client, clock_of, post_form

INBOX, BOARD = "/kelola/kiriman", "/kelola/desa"


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that the bound database runs."""
    database = db.current()
    run, said = database.execute_sql, []

    def listening(sql: str, *rest: object, **named: object) -> object:
        said.append(sql)
        return run(sql, *rest, **named)

    database.execute_sql = listening
    try:
        yield said
    finally:
        del database.execute_sql


def one_new(hub: Site, desa: Desa, title: str = "Panen raya") -> str:
    desa.publish(title)
    desa.sync(hub)
    return items.listing(Shelf.NEW)[0].id


def test_an_officer_reads_and_publishes_with_a_form(hub: Site, desa: Desa, source: Source) -> None:
    item_id = one_new(hub, desa)
    web = client(hub, actor_as(hub, Role.OFFICER))
    shelf = web.get(INBOX).get_data(as_text=True)
    assert "Panen raya" in shelf
    assert source.name in shelf
    done = post_form(web, f"{INBOX}/{item_id}", {"do": "publish"})
    assert done.status_code == 303
    assert items.get(hub, item_id).item.state is State.PUBLISHED
    assert "Panen raya" in client(hub).get("/berita/").get_data(as_text=True)


def test_what_was_published_by_mistake_is_taken_back_by_the_undo(
    hub: Site, desa: Desa, source: Source
) -> None:
    item_id = one_new(hub, desa)
    web = client(hub, actor_as(hub, Role.OFFICER))
    post_form(web, f"{INBOX}/{item_id}", {"do": "publish"})
    page = web.get(INBOX).get_data(as_text=True)
    undo = re.search(r'action="(/kelola/kiriman/[^"]*batal)"', page)
    assert undo is not None
    token = re.search(r'name="_token" value="([^"]+)"', page)
    assert token is not None
    web.post(undo[1], data={"_token": token[1]}, headers=SAME_ORIGIN)
    assert items.get(hub, item_id).item.state is State.HELD
    assert "Panen raya" not in client(hub).get("/berita/").get_data(as_text=True)


def test_returning_needs_a_reason_and_keeps_what_was_typed(
    hub: Site, desa: Desa, source: Source
) -> None:
    item_id = one_new(hub, desa)
    web = client(hub, actor_as(hub, Role.OFFICER))
    refused = post_form(web, f"{INBOX}/{item_id}", {"do": "return", "reason": "  "})
    assert refused.status_code == 422
    shown = refused.get_data(as_text=True)
    assert "Tulis alasan untuk desa" in shown
    assert re.search(r'<textarea id="reason"[^>]* aria-invalid="true" autofocus>', shown)
    assert 'href="#reason-galat"' in shown
    done = post_form(web, f"{INBOX}/{item_id}", {"do": "return", "reason": "Foto buram."})
    assert done.status_code == 303
    shown = web.get(f"{INBOX}/{item_id}").get_data(as_text=True)
    assert "Foto buram." in shown
    assert "menunggu dijemput desa" in shown


def test_many_are_published_at_once_and_taken_back_at_once(
    hub: Site, desa: Desa, source: Source
) -> None:
    for n in range(3):
        desa.publish(f"Kabar {n}")
    desa.sync(hub)
    web = client(hub, actor_as(hub, Role.OFFICER))
    ids = [item.id for item in items.listing(Shelf.NEW)]
    done = post_form(web, f"{INBOX}/terbitkan", {"pilih": ids}, page=INBOX)
    assert done.status_code == 303
    assert len(items.listing(Shelf.PUBLISHED)) == 3
    page = web.get(INBOX).get_data(as_text=True)
    undo = re.search(r'action="(/kelola/kiriman/turunkan\?sejak=\d+)"', page)
    token = re.search(r'name="_token" value="([^"]+)"', page)
    assert undo is not None
    assert token is not None
    web.post(undo[1], data={"_token": token[1]}, headers=SAME_ORIGIN)
    assert len(items.listing(Shelf.HELD)) == 3


def test_a_correction_is_shown_beside_our_text(hub: Site, desa: Desa, source: Source) -> None:
    made = desa.publish("Panen raya", "<p>Hasilnya 5 ton.</p>")
    desa.sync(hub)
    (new,) = items.listing(Shelf.NEW)
    officer = actor_as(hub, Role.OFFICER)
    inbox.publish(officer, new.id)
    desa.edit(made, body="<p>Hasilnya 7 ton.</p>")
    desa.sync(hub)
    page = client(hub, officer).get(f"{INBOX}/{new.id}").get_data(as_text=True)
    assert "<del>5</del>" in page
    assert "<ins>7</ins>" in page
    assert "Terbitkan perubahan" in page


def test_somebody_elses_faster_decision_is_said(hub: Site, desa: Desa, source: Source) -> None:
    item_id = one_new(hub, desa)
    officer = actor_as(hub, Role.OFFICER)
    web = client(hub, officer)
    old = items.get(hub, item_id).item.version
    inbox.hold(officer, item_id)
    answer = post_form(web, f"{INBOX}/{item_id}", {"do": "publish", "version": str(old)})
    assert answer.status_code == 409
    assert "baru saja berubah" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", [INBOX, BOARD, f"{BOARD}/baru", f"{BOARD}/papan.csv"])
def test_a_reporter_of_the_centre_sees_none_of_it(hub: Site, path: str) -> None:
    assert client(hub, actor_as(hub, Role.REPORTER)).get(path).status_code == 403
    assert client(hub).get(path).status_code in (302, 303, 401)


def test_received_photos_are_shown_small_and_only_to_officers(
    hub: Site, desa: Desa, source: Source
) -> None:
    desa.publish("Panen", lead_photo_id=desa.add_photo(caption="Padi"))
    desa.sync(hub)
    desa.carry_photos(hub, source)
    (card,) = views.cards(hub, items.listing(Shelf.NEW))
    assert card.picture
    address = f"{INBOX}/foto/{card.picture}"
    answer = client(hub, actor_as(hub, Role.OFFICER)).get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert client(hub).get(address).status_code != 200
    assert (
        client(hub, actor_as(hub, Role.OFFICER)).get(f"{INBOX}/foto/{'0' * 64}").status_code == 404
    )


@pytest.mark.parametrize(
    ("days", "pulse"), [(1, Pulse.LIVELY), (4, Pulse.QUIET), (15, Pulse.SILENT)]
)
def test_the_board_turns_amber_after_three_days_and_red_after_fourteen(
    hub: Site, desa: Desa, source: Source, days: int, pulse: Pulse
) -> None:
    desa.publish("Kabar")
    desa.sync(hub)
    (item,) = items.listing(Shelf.NEW)
    clock_of(hub).set(round(item.published_at.timestamp() * 1000) + days * DAY_MS)
    (line,) = board.board(hub).lines
    assert line.pulse is pulse
    assert line.lively_days == (days < 14)
    page = client(hub, actor_as(hub, Role.OFFICER)).get(BOARD).get_data(as_text=True)
    assert {"lively": "Lancar", "quiet": "Sepi", "silent": "Diam"}[pulse] in page


def test_the_board_says_what_to_do_and_whom_to_call(hub: Site, desa: Desa, source: Source) -> None:
    officer = actor_as(hub, Role.OFFICER)
    sources.change(officer, source.id, contact="Bagus, 0812-0000-1111")
    sentence = "Situs desa tidak menjawab. Telepon operatornya."
    sql = "UPDATE hub_poll SET error_code = 'tertutup', error = ? WHERE source_id = ?"
    with db.write(hub.database):
        db.execute(hub.database, sql, sentence, source.id)
    page = client(hub, officer).get(f"{BOARD}?keadaan=masalah").get_data(as_text=True)
    assert sentence in page
    assert 'href="tel:+6281200001111"' in page
    assert 'href="https://wa.me/6281200001111"' in page


def test_a_spreadsheet_takes_no_name_for_a_formula(hub: Site, desa: Desa, source: Source) -> None:
    officer = actor_as(hub, Role.OFFICER)
    sources.change(officer, source.id, contact='=HYPERLINK("http://x")')
    answer = client(hub, officer).get(f"{BOARD}/papan.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0]["desa"] == source.name
    assert rows[0]["keadaan"] == "Lancar"
    assert rows[0]["narahubung"].startswith("'=")


def test_a_source_is_paused_removed_and_brought_back(hub: Site, desa: Desa, source: Source) -> None:
    web = client(hub, actor_as(hub, Role.OFFICER))
    page = f"{BOARD}/{source.id}"
    for wish, state in (("pause", "paused"), ("resume", "active"), ("remove", "removed")):
        assert post_form(web, f"{page}/keadaan?ke={wish}", {}, page=page).status_code == 303
        assert sources.get(hub, source.id).state == state
    assert board.board(hub).lines == ()
    post_form(web, f"{page}/keadaan?ke=resume", {}, page=page)
    assert sources.get(hub, source.id).state == "active"


def test_who_it_is_is_confirmed_before_it_is_trusted(hub: Site) -> None:
    officer = actor_as(hub, Role.OFFICER)
    made = sources.register(
        officer, kind=Kind.FEED, name="Lama", address="https://lama.example/rss"
    )
    web, page = client(hub, officer), f"{BOARD}/{made.id}"
    assert post_form(web, f"{page}/percaya", {"do": "auto"}, page=page).status_code == 409
    post_form(web, f"{page}/percaya", {"do": "confirm"}, page=page)
    assert post_form(web, f"{page}/percaya", {"do": "auto"}, page=page).status_code == 303
    assert sources.get(hub, made.id).trust == "auto"


def test_the_number_of_statements_does_not_grow_with_villages_and_news(
    hub: Site, desa: Desa, source: Source
) -> None:
    officer = actor_as(hub, Role.OFFICER)
    web = client(hub, officer)
    counts: dict[str, list[int]] = {INBOX: [], BOARD: []}
    for round_ in range(2):
        for n in range(2 + 12 * round_):
            desa.publish(f"Kabar {round_} {n}")
            address = f"https://desa-{round_}-{n}.example"
            sources.register(officer, kind=source.kind, name=f"Desa {round_} {n}", address=address)
        desa.sync(hub)
        for path, found in counts.items():
            web.get(path)
            with counted() as said:
                assert web.get(path).status_code == 200
            found.append(len(said))
    assert counts[INBOX][0] == counts[INBOX][1]
    assert counts[BOARD][0] == counts[BOARD][1]


def test_the_html_checker_finds_nothing(hub: Site, desa: Desa, source: Source) -> None:
    item_id = one_new(hub, desa)
    web = client(hub, actor_as(hub, Role.OFFICER))
    paths = (INBOX, f"{INBOX}?rak=terbit", f"{INBOX}?cari=zzz", f"{INBOX}/{item_id}", BOARD,
             f"{BOARD}?cari=zzz", f"{BOARD}/baru", f"{BOARD}/{source.id}")  # fmt: skip
    pages = {path: web.get(path).get_data(as_text=True) for path in paths}
    assert {path: said for path, said in messages_of(pages).items() if said} == {}


def stuck(hub: Site, source: Source, code: str) -> None:
    sql = "UPDATE hub_poll SET error_code = ?, error = 'desa hub source …' WHERE source_id = ?"
    with db.write(hub.database):
        db.execute(hub.database, sql, code, source.id)


def test_a_log_that_stands_still_is_decided_on_in_the_desk(
    hub: Site, desa: Desa, source: Source
) -> None:
    """No green word beside a red sentence, and no command to type: steps, a tick, a button."""
    officer = actor_as(hub, Role.OFFICER)
    desa.publish("Kabar")
    desa.sync(hub)
    stuck(hub, source, "fork")
    web, page = client(hub, officer), f"{BOARD}/{source.id}"
    shown = web.get(BOARD).get_data(as_text=True)
    assert "Perlu dilihat" in shown
    assert "Lancar</span>" not in shown
    assert "trust-again" not in shown
    assert f'href="{page}#putuskan"' in shown
    assert "menunggu di Papan desa" in web.get("/kelola/").get_data(as_text=True)
    sources.change(officer, source.id, contact="Bagus, 0812-0000-1111")
    shown = web.get(page).get_data(as_text=True)
    for words in ("Telepon operator desa", "tel:+6281200001111", "Jadikan situs sendiri",
                  "keputusan Anda tetap"):  # fmt: skip
        assert words in shown
    assert messages_of({page: shown})[page] == []
    refused = post_form(web, f"{page}/dari-awal", {}, page=page)
    assert refused.status_code == 422
    assert "Telepon dulu operatornya" in refused.get_data(as_text=True)
    assert sources.get(hub, source.id).must_compare is False
    assert post_form(web, f"{page}/dari-awal", {"sure": "1"}, page=page).status_code == 303
    assert sources.get(hub, source.id).must_compare is True
    assert board.board(hub).lines[0].pulse is Pulse.LIVELY
    assert desa.sync(hub).problem is None


def test_another_site_at_the_address_is_looked_at_before_it_is_taken(
    hub: Site, desa: Desa, source: Source
) -> None:
    officer, old = actor_as(hub, Role.OFFICER), desa.log_name
    web, page = client(hub, officer), f"{BOARD}/{source.id}"
    with serving_villages([desa], {"DESA_FOLLOW": "0"}):
        sources.change(officer, source.id, address=desa.url)
        with desa.site.bound():
            sync.became_copy(desa.actor)
        new = desa.log_name
        stuck(hub, source, "other-site")
        shown = web.get(page).get_data(as_text=True)
        assert 'action="' + page + "/dari-awal" not in shown
        seen = post_form(web, f"{page}/lihat-situs", {}, page=page).get_data(as_text=True)
        assert new in seen
        assert "Undang ulang" in seen
        wrong = {"sure": "1", "there": old}
        assert post_form(web, f"{page}/dari-awal", wrong, page=page).status_code == 409
        assert sources.get(hub, source.id).site == old
        right = {"sure": "1", "there": new}
        assert post_form(web, f"{page}/dari-awal", right, page=page).status_code == 303
    assert sources.get(hub, source.id).site == new
