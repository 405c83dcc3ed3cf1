"""The officer's pages of pairing: who may, what is refused, and that a village has none of them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.hub import pairing, sources
from desa_web.features.sync import bundles
from tests.harness.hub import Desa
from tests.harness.pairing import Guest, follow, pair
from tests.harness.site import SAME_ORIGIN, actor_as, client, hidden_fields, post_form

PAGE = "/kelola/undang"


def test_a_village_has_no_door_of_a_hub(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    assert web.get(PAGE).status_code == 404
    assert web.get("/pasangkan/12345678").status_code == 404
    for path in ("pair", "push", "unpair", "uploads"):
        assert web.post(f"/sync/v1/{path}", json={}).status_code in (403, 404)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.REPORTER])
def test_only_officers_and_admins_see_it(hub: Site, role: Role) -> None:
    web = client(hub, actor_as(hub, role))
    assert web.get(PAGE).status_code == 403
    for path in ("", "/berkas", "/balasan", "/stik", "/tanda-terima"):
        answer = post_form(web, f"{PAGE}{path}", {}, page="/kelola/akun")
        assert answer.status_code == 403, path


def test_words_that_differ_are_refused_by_a_button(hub: Site, desa: Desa) -> None:
    follow(hub)
    web = client(hub, actor_as(hub, Role.OFFICER))
    answer = post_form(web, PAGE, {"label": "Desa <b>Sukamaju</b>"})
    place = answer.headers["Location"]
    page = web.get(place).get_data(as_text=True)
    code = re.search(r'class="sandi">(\d{4} \d{4})<', page)
    assert code is not None
    assert "&lt;b&gt;" in page
    assert 'style="' not in page
    guest = Guest.of(desa.site)
    guest.greet(hub, code[1].replace(" ", ""))
    guest.answer(hub)
    page = web.get(place).get_data(as_text=True)
    assert all(f"<li>{word}</li>" in page for word in guest.words.split())
    post_form(web, f"{place}/tolak", {}, page=place)
    assert guest.ask(hub) == "refused"
    assert "sudah selesai" in web.get(place).get_data(as_text=True)
    assert web.get(f"{PAGE}/tidak-ada").status_code == 404


def test_a_new_key_of_a_known_village_is_warned_of(hub: Site, desa: Desa, tmp_path: Path) -> None:
    source_id, _token = pair(hub, desa.site)
    web = client(hub, actor_as(hub, Role.OFFICER))
    place = post_form(web, PAGE, {"source": source_id}).headers["Location"]
    again = Desa.make(tmp_path / "baru")
    guest = Guest.of(again.site)
    guest.greet(hub, pairing.find(hub, place.rpartition("/")[2]).code)
    guest.answer(hub)
    assert "Kunci baru untuk" in web.get(place).get_data(as_text=True)
    post_form(web, f"{place}/cocok", {}, page=place)
    assert guest.ask(hub) == "confirmed"
    again.site.close()


def test_files_of_sticks_are_taken_and_given_by_the_officer(
    hub: Site, desa: Desa, tmp_path: Path
) -> None:
    pair(hub, desa.site)
    desa.publish("Panen raya")
    desa.follow()
    with desa.site.bound():
        [there] = bundles.create(operator(desa.site), tmp_path)
    web = client(hub, actor_as(hub, Role.OFFICER))
    fields = hidden_fields(web.get(PAGE).get_data(as_text=True))
    data = {**fields, "bundle": (io.BytesIO(there.read_bytes()), "desa.desa")}
    answer = web.post(f"{PAGE}/stik", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    said = answer.get_data(as_text=True)
    assert "catatan baru" in said
    assert "terakhir mengirim" in said
    assert "belum pernah mengirim" not in said
    data = {**fields, "bundle": (io.BytesIO(there.read_bytes()), "desa.desa")}
    again = web.post(f"{PAGE}/stik", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    assert "sudah pernah diterima" in again.get_data(as_text=True)
    for wrong in (b"", b"PK\x03\x04 rusak"):
        data = {**fields, "bundle": (io.BytesIO(wrong), "x.desa")}
        refused = web.post(f"{PAGE}/stik", data=data, headers=SAME_ORIGIN)
        assert refused.status_code == 422, "a wrong file is no fault of the server"
        said = refused.get_data(as_text=True)
        assert wrong == b"" or "bukan kiriman desa" in said
        assert not re.search(r"zip file|tmp\w+\.desa", said)
    post_form(web, f"{PAGE}/tanda-terima", {}, page=PAGE)
    link = re.search(r'href="(/kelola/undang/stik/[^"]+)"', web.get(PAGE).get_data(as_text=True))
    assert link is not None
    with web.get(link[1]) as fetched:
        assert fetched.get_data()[:2] == b"PK"
    post_form(web, f"{PAGE}/putuskan/{source_of(hub)}", {}, page=PAGE)
    assert "Belum ada desa yang mengirim sendiri" in web.get(PAGE).get_data(as_text=True)


def source_of(hub: Site) -> str:
    return sources.listed(hub)[0].id
