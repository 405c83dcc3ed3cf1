"""Forms: limits, letters that cannot be stored, and the same form sent twice."""

from __future__ import annotations

import json
import threading
from enum import StrEnum

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desa_web.core import db, journal
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Conflict, InvalidInput, TooLarge, TooMany
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import service
from desa_web.web.forms import Form, json_body, letter_problem, once
from desa_web.web.ratelimit import RateLimit, address_key
from tests.harness.site import (
    SAME_ORIGIN,
    FakeClock,
    actor_as,
    client,
    clock_of,
    hidden_fields,
    post_form,
)


class Colour(StrEnum):
    RED = "merah"
    GREEN = "hijau"


@pytest.fixture
def bare() -> Flask:
    return Flask("bare")


def sent(app: Flask, **fields: str) -> Form:
    with app.test_request_context(method="POST", data=fields):
        return Form.sent()


def test_line_ends_become_one_and_edges_are_trimmed(bare: Flask) -> None:
    form = sent(bare, body="  satu\r\ndua\rtiga \n")
    assert form.text("body") == "satu\ndua\ntiga"
    assert not form.problems


@pytest.mark.parametrize(
    ("value", "word"), [("x" * 11, "panjang"), ("a\x00b", "disimpan"), ("a\ufffdb", "rusak")]
)
def test_a_bad_field_has_a_sentence_and_keeps_its_value(bare: Flask, value: str, word: str) -> None:
    form = sent(bare, title=value)
    form.text("title", limit=10)
    assert word in form.problems["title"]
    assert form.values["title"] == value
    with pytest.raises(InvalidInput) as caught:
        form.check()
    assert set(caught.value.fields) == {"title"}


def test_a_choice_is_from_its_list(bare: Flask) -> None:
    assert sent(bare, c="hijau").choice("c", Colour) is Colour.GREEN
    assert sent(bare).choice("c", Colour, default=Colour.RED) is Colour.RED
    form = sent(bare, c="biru")
    form.choice("c", Colour)
    assert "c" in form.problems


def test_a_form_that_is_not_utf8_is_refused_with_a_sentence(site: Site) -> None:
    web = client(site, actor_as(site, Role.EDITOR))
    token = hidden_fields(web.get("/kelola/akun").text)["_token"]
    for raw in (b"name=caf%E9", b"name=caf\xe9", b"n%FFme=x"):
        answer = web.post(
            "/kelola/akun/nama",
            data=b"_token=" + token.encode() + b"&" + raw,
            content_type="application/x-www-form-urlencoded",
            headers=SAME_ORIGIN,
        )
        assert answer.status_code == 422
        assert "UTF-8" in answer.text


def test_a_nul_in_a_form_is_refused_and_the_rest_comes_back(site: Site) -> None:
    web = client(site, actor_as(site, Role.EDITOR))
    answer = post_form(
        web, "/kelola/akun/nama", {"name": "Nama\x00Aneh", "initials": "nes"}, page="/kelola/akun"
    )
    assert answer.status_code == 422
    assert 'value="nes"' in answer.text
    assert 'aria-describedby="name-galat" aria-invalid="true"' in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"nothing", b"{", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}',
        b'{"a": "\xff"}', b'"text"', b"[" * 100_000, b'{"a":' * 60 + b"1" + b"}" * 60,
        b'{"a\\u0000": 1}',
    ],
)  # fmt: skip
def test_json_that_cannot_be_read_or_stored_is_refused(bare: Flask, raw: bytes) -> None:
    with bare.test_request_context(method="POST", data=raw), pytest.raises(InvalidInput):
        json_body()


def test_a_large_json_body_is_refused_before_it_is_read(bare: Flask) -> None:
    with bare.test_request_context(method="POST", data=b" " * 2001), pytest.raises(TooLarge):
        json_body(limit_bytes=2000)


@given(st.text(max_size=40))
@hypothesis_settings(max_examples=200, derandomize=True)
def test_text_without_a_problem_can_be_stored_anywhere(text: str) -> None:
    if letter_problem(text) is None:
        assert text.encode("utf-8").decode("utf-8") == text
        assert "\x00" not in text


@pytest.mark.both_databases
def test_the_same_form_sent_twice_does_it_once_and_answers_the_same(site: Site) -> None:
    actor, made = operator(site), []

    def work() -> str:
        person = service.add(actor, f"nur{len(made)}", "Nur", Role.REPORTER)
        made.append(person.id)
        return f"/kelola/pengguna/{person.id}"

    first = once(actor, "key", work)
    assert once(actor, "key", work) == first
    assert len(made) == 1
    assert once(actor, "other", work) != first
    assert once(actor, "key", work, scope="elsewhere") not in (first, "")


@pytest.mark.both_databases
def test_a_refusal_leaves_the_key_unused(site: Site) -> None:
    actor = operator(site)

    def refuse() -> str:
        service.add(actor, "nur", "Nur", Role.REPORTER)
        raise Conflict("belum")

    with pytest.raises(Conflict):
        once(actor, "key", refuse)
    assert not service.has_users()
    assert once(actor, "key", lambda: "done") == "done"


@pytest.mark.both_databases
def test_the_same_form_sent_twice_at_once_does_it_once(site: Site) -> None:
    barrier, results = threading.Barrier(4), []

    def submit() -> None:
        own = open_site(site.path, clock_of(site))
        with own.bound():
            actor = operator(own)
            barrier.wait()
            results.append(
                once(actor, "key", lambda: service.add(actor, "nur", "N", Role.REPORTER).id)
            )
        own.close()

    threads = [threading.Thread(target=submit) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert set(results) == {service.find("nur").id}
    assert journal.head(site).seq == 1


def test_keys_of_one_person_do_not_meet_those_of_another(site: Site) -> None:
    first, second = actor_as(site, Role.EDITOR), actor_as(site, Role.ADMIN)
    assert once(first, "key", lambda: "a") == "a"
    assert once(second, "key", lambda: "b") == "b"


def test_old_keys_are_forgotten(site: Site, clock: FakeClock) -> None:
    actor = operator(site)
    once(actor, "old", lambda: "a")
    clock.advance(days=31)
    once(actor, "new", lambda: "b")
    rows = db.execute(site.database, "SELECT key FROM submission").fetchall()
    assert rows == [("new",)]


def test_an_invitation_sent_twice_makes_one_user_and_shows_its_code_once(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    fields = hidden_fields(web.get("/kelola/pengguna/baru").text)
    values = {"login": "nur", "name": "Nur", "role": "reporter", "initials": "nur", **fields}
    first = web.post("/kelola/pengguna/baru", data=values, headers=SAME_ORIGIN)
    assert "/undangan/" in first.text
    second = web.post("/kelola/pengguna/baru", data=values, headers=SAME_ORIGIN)
    assert second.status_code == 303
    shown = web.get(second.location)
    assert "sudah ditambahkan" in shown.text
    assert "sudah ditambahkan" not in web.get(second.location).text


def test_a_refused_form_shows_everything_that_was_typed(site: Site) -> None:
    web = client(site, actor_as(site, Role.ADMIN))
    answer = post_form(
        web,
        "/kelola/pengguna/baru",
        {"login": "TIDAK BOLEH!", "name": "Nur <Aini>", "role": "editor", "initials": "nes"},
    )
    assert answer.status_code == 422
    assert 'value="TIDAK BOLEH!"' in answer.text
    assert 'value="Nur &lt;Aini&gt;"' in answer.text
    assert '<option value="editor" selected>' in answer.text


def test_a_rate_limit_lets_a_burst_through_then_one_a_turn(clock: FakeClock) -> None:
    limit = RateLimit(burst=3, every_s=10)
    for _n in range(3):
        limit.take("a", clock)
    with pytest.raises(TooMany) as caught:
        limit.take("a", clock)
    assert caught.value.retry_after_s == 10
    limit.take("b", clock)
    clock.monotonic += 10
    limit.take("a", clock)
    with pytest.raises(TooMany):
        limit.take("a", clock)


def test_a_rate_limit_keeps_bounded_memory(clock: FakeClock) -> None:
    limit = RateLimit(burst=1, every_s=10)
    for number in range(10_000):
        limit.take(str(number), clock)
    assert len(limit._buckets) == 4096


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_one_line_is_one_key(address: str | None, key: str) -> None:
    assert address_key(address) == key


def test_json_of_refusals_is_json(site: Site) -> None:
    answer = client(site).post("/api/v1/session", data=b"{", content_type="application/json")
    assert answer.status_code == 422
    assert json.loads(answer.text)["error"]["code"] == "isian-keliru"
