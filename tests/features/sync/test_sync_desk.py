"""The page "Sinkron": every state has its words and its button, without JavaScript."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from desa_web.core import db, journal
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.engines.sync import home, log, pause
from desa_web.features.hub import pairing as at_hub
from desa_web.features.hub import receipts
from desa_web.features.sync import bundles, hubs
from tests.harness.hub import Desa, make_hub
from tests.harness.pairing import follow
from tests.harness.site import SAME_ORIGIN, actor_as, client, hidden_fields, post_form

PAGE = "/kelola/sinkron"


@pytest.fixture
def desa(site: Site) -> Desa:
    return Desa(site)


@pytest.fixture
def web(site: Site) -> FlaskClient:
    follow(site)
    return client(site, actor_as(site, Role.ADMIN))


def text(web: FlaskClient, path: str = PAGE) -> str:
    found = web.get(path)
    assert found.status_code == 200, found.status
    return re.sub(r"<[^>]+>", " ", found.get_data(as_text=True))


def send(web: FlaskClient, path: str, **values: object) -> str:
    """Post a form of the page and return the page that follows."""
    fields = hidden_fields(web.get(PAGE).get_data(as_text=True))
    answer = web.post(
        f"{PAGE}/{path}", data={**fields, **values}, headers=SAME_ORIGIN, follow_redirects=True
    )
    return re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))


def paired(site: Site, **more: object) -> None:
    with db.write(site.database):
        hubs.begin(
            site, "a" * 26, name="Media Center", address="http://127.0.0.1:9", token="t",
            state="paired", **more,
        )  # fmt: skip


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.REPORTER])
def test_only_the_admin_sees_it(site: Site, role: Role) -> None:
    web = client(site, actor_as(site, role))
    assert web.get(PAGE).status_code == 403
    for path in ("sambungkan", "kirim", "jeda", "putuskan", "berkas", "kode", "rumah"):
        answer = post_form(web, f"{PAGE}/{path}", {}, page="/kelola/akun")
        assert answer.status_code == 403, path


def test_a_wrong_code_is_said_beside_its_field(web: FlaskClient) -> None:
    answer = post_form(web, f"{PAGE}/sambungkan", {"code": "123"}, page=PAGE)
    assert answer.status_code == 422
    said = answer.get_data(as_text=True)
    assert 'id="code-galat"' in said
    assert 'value="123"' in said
    answer = post_form(
        web, f"{PAGE}/sambungkan", {"code": "12345678", "address": "127.0.0.1:9"}, page=PAGE
    )
    assert "tidak menjawab" in answer.get_data(as_text=True)


def test_connected_paused_and_ended_have_their_words(site: Site, web: FlaskClient) -> None:
    assert "Sambungkan dengan Kominfo" in text(web)
    paired(site)
    assert "Tersambung dengan Media Center" in text(web)
    assert "Belum terkirim, tidak ada yang hilang" in send(web, "kirim")
    assert "Dicoba lagi sendiri" in text(web)
    assert "dijeda" in send(web, "jeda", paused="1")
    assert "Kirim sekarang" not in text(web)
    assert "Dikirim lagi" in send(web, "jeda")
    assert "Centang dulu" in send(web, "putuskan")
    assert "Sambungan diputus" in send(web, "putuskan", sure="1")
    assert "Tidak tersambung lagi dengan Media Center" in text(web)


def test_waiting_shows_the_four_words(site: Site, web: FlaskClient) -> None:
    with db.write(site.database):
        hubs.begin(
            site, "a" * 26, name="Media Center", address="http://127.0.0.1:9", ticket="t",
            words="padi sawah gunung laut",
        )  # fmt: skip
    assert re.search(r"padi\s+sawah\s+gunung\s+laut", text(web))
    assert "tidak menjawab" in send(web, "periksa")
    send(web, "putuskan", sure="1")
    assert hubs.current(site) is None


def test_what_waits_is_counted_in_articles(site: Site, web: FlaskClient, desa: Desa) -> None:
    last = log.head(site)
    assert last is not None
    paired(site, head=f"{last.point.epoch} {last.point.seq} {last.point.hash}")
    assert "tidak ada" in text(web)
    desa.edit(desa.publish("Panen raya"), title="Panen besar")
    desa.publish("Posyandu")
    follow(site)
    assert "2 berita" in text(web)


def test_the_word_of_kominfo_stands_beside_the_article(
    site: Site, web: FlaskClient, desa: Desa
) -> None:
    article = desa.publish("Panen raya")
    paired(site)
    with db.write(site.database):
        db.execute(
            site.database,
            "INSERT INTO sync_receipt (object_id, hub, born, n, rev, status, reason, address, "
            "received_at, at) VALUES (?, ?, 1, 1, 1, 'returned', 'Kurang foto.', ?, ?, ?)",
            article, "a" * 26, "javascript:alert(1)", site.clock.now_ms(), site.clock.now_ms(),
        )  # fmt: skip
    for path in (PAGE, f"/kelola/berita/{article}"):
        assert "Dikembalikan Kominfo" in text(web, path)
        assert "Kurang foto." in text(web, path)
        assert "javascript:" not in web.get(path).get_data(as_text=True)
    assert "Dikembalikan Kominfo" in text(web, "/kelola/berita")
    assert "Dikembalikan Kominfo" in text(web, "/kelola/")


def test_a_moved_folder_is_answered_by_a_button(site: Site, web: FlaskClient) -> None:
    (site.data / "keys" / "home.json").write_text('{"machine": "x", "path": "/lain"}')
    assert "berpindah tempat atau disalin" in text(web)
    assert "Centang dulu" in send(web, "rumah", answer="copy")
    assert "tinggal di sini sekarang" in send(web, "rumah", answer="moved")
    assert home.is_at_home(site)
    (site.data / "keys" / "home.json").write_text('{"machine": "x", "path": "/lain"}')
    before = log.head(site)
    assert "kunci sendiri" in send(web, "rumah", answer="copy", sure="1")
    follow(site)
    after = log.head(site)
    assert before is not None
    assert after is not None
    assert before.site != after.site


def test_a_locked_key_is_opened_by_its_printed_code(site: Site, web: FlaskClient) -> None:
    said = send(web, "kode")
    match = re.search(r"([0-9A-Z]{5}(?:-[0-9A-Z]{5}){4})", said)
    assert match is not None
    for key in (site.data / "keys").glob("signing-*.key"):
        key.unlink()
    assert "masih terkunci" in text(web)
    assert "tidak cocok" in send(web, "buka-kunci", recovery="AAAAA-" * 4 + "AAAAA")
    assert "Kunci terbuka" in send(web, "buka-kunci", recovery=match[1].lower())
    assert pause(site) is None


def test_a_stick_pairs_sends_and_hears(
    site: Site, web: FlaskClient, desa: Desa, tmp_path: Path
) -> None:
    hub = make_hub(tmp_path / "hub")
    follow(hub)
    with hub.bound():
        made, invitation = at_hub.invite_by_file(operator(hub))
    fields = hidden_fields(web.get(PAGE).get_data(as_text=True))
    wrong = web.post(
        f"{PAGE}/undangan", data={**fields, "file": (io.BytesIO(b"x"), "x.desa-undangan")},
        headers=SAME_ORIGIN,
    )  # fmt: skip
    assert wrong.status_code == 422
    assert "bukan undangan" in wrong.get_data(as_text=True)
    answer = web.post(
        f"{PAGE}/undangan", data={**fields, "file": (io.BytesIO(invitation), "a.desa-undangan")},
        headers=SAME_ORIGIN,
    )  # fmt: skip
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "Berkasnya hilang?" in text(web)
    with hub.bound():
        assert at_hub.take_reply(operator(hub), answer.get_data()).id == made.id
        source_id = at_hub.confirm(operator(hub), made.id)
    desa.publish("Panen raya")
    follow(site)
    assert "Unduh" in send(web, "berkas")
    link = re.search(r'href="(/kelola/sinkron/berkas/[^"]+)"', web.get(PAGE).get_data(as_text=True))
    assert link is not None
    file = tmp_path / "desa.desa"
    with web.get(link[1]) as fetched:
        file.write_bytes(fetched.get_data())
    assert web.get(f"{PAGE}/berkas/..%2f..%2fdata%2fdesa.db").status_code == 404
    with hub.bound():
        assert bundles.take(operator(hub), file).accepted > 1
        with journal.change(operator(hub)):
            receipts.say(source_id, "x", 1, "published")
        [back] = bundles.create(operator(hub), tmp_path)
    said = send(web, "terima", bundle=(io.BytesIO(back.read_bytes()), "kembali.desa"))
    assert "2 tanda terima" in said
    assert "Diterima Kominfo" in said
    again = send(web, "terima", bundle=(io.BytesIO(back.read_bytes()), "kembali.desa"))
    assert "sudah pernah dicatat" in again
    assert "tidak utuh" in send(web, "terima", bundle=(io.BytesIO(b"PK"), "rusak.desa"))
    hub.close()
