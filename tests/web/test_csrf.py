"""Requests that change something come from our own pages, whatever the browser can say."""

from __future__ import annotations

import html
import re

import pytest

from desa_web.core.actor import Actor, Role, operator
from desa_web.core.site import Site
from desa_web.features.accounts import service, sessions
from desa_web.features.news import queries
from tests.harness.site import SAME_ORIGIN, actor_as, client, hidden_fields

PAGE, TARGET = "/kelola/akun", "/kelola/akun/nama"
VALUES = {"name": "Nama Baru", "initials": ""}


GOOD = "kucing hitam lompat"


@pytest.fixture
def editor(site: Site) -> Actor:
    return actor_as(site, Role.EDITOR)


def name_of(actor: Actor) -> str:
    return service.user(actor, actor.user_id or "").name


@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:81"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "http://jahat.test"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_a_form_with_its_token_comes_from_our_own_origin(
    site: Site, editor: Actor, headers: dict[str, str], is_allowed: bool
) -> None:
    web = client(site, editor)
    fields = hidden_fields(web.get(PAGE).text)
    answer = web.post(TARGET, data={**fields, **VALUES}, headers=headers)
    assert answer.status_code == (303 if is_allowed else 403)
    assert (name_of(editor) == "Nama Baru") is is_allowed


def test_the_public_address_of_the_site_is_our_own_origin(tmp_path, site: Site) -> None:  # type: ignore[no-untyped-def]
    from tests.harness.site import make_site

    behind = make_site(tmp_path / "b", options={"base_url": "https://sukamaju.desa.test"})
    with behind.bound():
        actor = actor_as(behind, Role.EDITOR)
        web = client(behind, actor)
        fields = hidden_fields(web.get(PAGE).text)
        answer = web.post(
            TARGET, data={**fields, **VALUES}, headers={"Origin": "https://sukamaju.desa.test"}
        )
        assert answer.status_code == 303
    behind.close()


@pytest.mark.parametrize("token", ["", "x", "a.b", ".", "x." + "0" * 64])
def test_without_the_right_token_nothing_changes(site: Site, editor: Actor, token: str) -> None:
    web = client(site, editor)
    for headers in (SAME_ORIGIN, {}):
        answer = web.post(TARGET, data={"_token": token, **VALUES}, headers=headers)
        assert answer.status_code == 403
    assert name_of(editor) == "Editor"


def test_a_token_of_one_session_does_not_fit_another(site: Site, editor: Actor) -> None:
    other = client(site, actor_as(site, Role.REPORTER))
    stolen = hidden_fields(other.get(PAGE).text)
    answer = client(site, editor).post(TARGET, data={**stolen, **VALUES}, headers=SAME_ORIGIN)
    assert answer.status_code == 403


def test_every_page_gets_another_token_text_and_all_fit(site: Site, editor: Actor) -> None:
    web = client(site, editor)
    tokens = [hidden_fields(web.get(PAGE).text)["_token"] for _n in range(3)]
    assert len(set(tokens)) == 3
    for token in tokens:
        answer = web.post(TARGET, data={"_token": token, **VALUES}, headers=SAME_ORIGIN)
        assert answer.status_code == 303


def test_a_stale_form_is_shown_again_with_what_was_typed_but_no_secrets(
    site: Site, editor: Actor
) -> None:
    web = client(site, editor)
    typed = {"body": "Naskah panjang <b>", "password": "rahasia-sekali", "_token": "old"}
    answer = web.post(TARGET, data={**VALUES, **typed}, headers=SAME_ORIGIN)
    page = answer.text
    assert answer.status_code == 403
    assert "Naskah panjang &lt;b&gt;" in page
    assert "rahasia-sekali" not in page
    again = web.post(TARGET, data={**hidden_fields(page), **VALUES}, headers=SAME_ORIGIN)
    assert again.status_code == 303


def test_a_foreign_page_gets_nothing_to_show_again(site: Site, editor: Actor) -> None:
    answer = client(site, editor).post(
        TARGET, data={"body": "umpan"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "umpan" not in answer.text


def test_what_was_typed_survives_an_ended_session(site: Site) -> None:
    """One page to sign in, a wrong password included; then one tap sends what was typed."""
    person = service.add(operator(site), "laila", "Laila", Role.EDITOR, password=GOOD)
    web = client(site, service.actor_of(site, person.id, "test"))
    sheet = {**carried(web.get("/kelola/tulis").text), "title": "Jembatan", "format": "markdown"}
    sheet["body"] = "Baris satu\n\n<b>Naskah</b> & panjang"
    sessions.revoke_all(operator(site), person.id)
    asked = web.post("/kelola/tulis", data={**sheet, "do": "preview"}, headers=SAME_ORIGIN)
    assert asked.status_code == 401
    assert 'action="/masuk"' in asked.text
    fields = carried(asked.text)
    for password, status in (("salah salah salah", 401), ("", 422), (GOOD, 200)):
        login = {**fields, "login": "laila", "password": password}
        asked = web.post("/masuk", data=login, headers=SAME_ORIGIN)
        assert asked.status_code == status
        fields = carried(asked.text)
    assert password not in asked.text
    assert 'action="/kelola/tulis"' in asked.text
    done = web.post("/kelola/tulis", data=fields, headers=SAME_ORIGIN)
    assert done.status_code == 303
    assert done.headers["Location"].endswith("/pratinjau")
    (item,) = queries.desk(operator(site))
    body = queries.get(operator(site), item.id)[1].text.body
    assert body == "<p>Baris satu</p><p><strong>Naskah</strong> &amp; panjang</p>"


def test_ten_thousand_words_travel_with_the_signing_in(site: Site, editor: Actor) -> None:
    web = client(site, editor)
    words = " ".join(f"kata{n}" for n in range(10_000))
    fields = carried(web.get("/kelola/tulis").text)
    sessions.revoke_all(editor, editor.user_id or "")
    asked = web.post("/kelola/tulis", data={**fields, "body": words}, headers=SAME_ORIGIN)
    assert carried(asked.text)["isi:body"] == words


def test_nothing_foreign_is_carried_along(site: Site) -> None:
    """A form on another site cannot plant a text behind the door."""
    web = client(site)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://x.example"}, {}):
        sent = web.post("/kelola/tulis", data={"body": "umpan"}, headers=headers)
        assert sent.status_code == 403
        assert "umpan" not in sent.text
    page = carried(web.get("/masuk").text)
    service.add(operator(site), "laila", "Laila", Role.EDITOR, password=GOOD)
    login = {**page, "login": "laila", "password": GOOD, "bawa": "1", "isi:body": "x"}
    shown = web.post("/masuk", data={**login, "lanjut": "/keluar"}, headers=SAME_ORIGIN)
    assert 'action="/kelola/"' in shown.text


def test_signing_out_twice_is_no_refusal(site: Site, editor: Actor) -> None:
    web = client(site, editor)
    fields = carried(web.get("/kelola/").text)
    sessions.revoke_all(editor, editor.user_id or "")
    assert web.post("/keluar", data=fields, headers=SAME_ORIGIN).status_code == 303


def carried(page: str) -> dict[str, str]:
    """Return every hidden field of a page's forms, as a browser would send it."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


@pytest.mark.parametrize(
    ("content_type", "headers", "is_allowed"),
    [
        ("application/json", {}, True),
        ("application/json", {"Sec-Fetch-Site": "cross-site"}, False),
        ("application/json", {"Origin": "http://jahat.test"}, False),
        ("text/plain", {}, False),
        ("application/x-www-form-urlencoded", {}, False),
        ("multipart/form-data", {}, False),
        ("text/plain", {"X-Desa": "1"}, True),
        ("multipart/form-data", {"Sec-Fetch-Site": "same-origin"}, True),
    ],
)
def test_the_json_api_takes_nothing_that_a_foreign_form_can_send(
    site: Site, content_type: str, headers: dict[str, str], is_allowed: bool
) -> None:
    answer = client(site).post(
        "/api/v1/session",
        data=b'{"login": "a", "password": "b"}',
        content_type=content_type,
        headers=headers,
    )
    assert answer.status_code == (401 if is_allowed else 403)
    assert answer.json["error"]["code"] == ("masuk-gagal" if is_allowed else "asal-asing")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_no_address_of_the_program_changes_anything_without_a_token(
    site: Site, editor: Actor, method: str
) -> None:
    """Every route of every feature, found in the app itself."""
    from tests.harness.site import app_of

    web, tried = client(site, editor), 0
    for rule in app_of(site).url_map.iter_rules():
        if method.upper() not in (rule.methods or ()):
            continue
        view = app_of(site).view_functions[rule.endpoint]
        if getattr(view, "is_cookieless", False):
            continue
        address = rule.rule
        for name in rule.arguments:
            address = address.replace(address[address.index("<") : address.index(">") + 1], name, 1)
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
            answer = getattr(web, method)(address, data={"a": "b"}, headers=headers)
            assert answer.status_code == 403, (method, rule.rule)
            tried += 1
    assert tried or method in ("put", "patch")
