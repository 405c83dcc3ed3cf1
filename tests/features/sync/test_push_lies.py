"""A village before a hub that lies or is somebody else: nothing is lost, nothing given away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from desa_web.core import db
from desa_web.core.actor import operator
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.engines.sync.client import Reason, Unreachable
from desa_web.engines.sync.errors import Tampered
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.sync import hubs, pairing, sending
from desa_web.features.sync.hubline import HubRefused
from desa_web.features.sync.push import push
from tests.harness.hub import Desa
from tests.harness.site import clock_of, make_site

HUB = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Liar:
    """Answers every request with what `say` returns: status, headers, body."""

    say: Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]]
    url: str = ""
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def liar() -> Iterator[Liar]:
    made = Liar(lambda *_request: (500, {}, b""))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.heard.append((self.command, self.path, body))
            status, headers, answer = made.say(self.command, self.path, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the test looks at `heard`."""

    for verb in ("POST", "PATCH", "HEAD", "GET"):
        setattr(Handler, f"do_{verb}", Handler.handle_any)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desa(tmp_path: Path, liar: Liar) -> Iterator[Desa]:
    """A village that believes it is paired with the liar."""
    made = Desa.make(tmp_path / "desa")
    made.publish("Panen raya", lead_photo_id=made.add_photo())
    made.follow()
    with made.site.bound():
        with db.write(made.site.database):
            hubs.begin(
                made.site, HUB, name="Media Center", address=liar.url, token="t" * 43,
                state="paired",
            )  # fmt: skip
        yield made
    made.site.close()


def reply(desa: Desa, **changed: Any) -> tuple[int, dict[str, str], bytes]:
    last = log.head(desa.site)
    assert last is not None
    value = {
        "v": 1, "have": [[last.point.epoch, last.point.seq, last.point.hash]], "next": 262144,
        "want": [], "problem": None, "receipts": "", **changed,
    }  # fmt: skip
    return 200, {"Content-Type": "application/x-ndjson"}, json.dumps(value).encode()


def known(desa: Desa) -> hubs.Hub:
    found = hubs.newest(desa.site)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>Silakan masuk Wi-Fi</html>", Reason.STRANGER),
        (200, b'{"v": 2}', Reason.STRANGER),
        (200, b"[]", Reason.STRANGER),
        (200, b"[" * 100_000, Reason.STRANGER),
        (404, b"<h1>404</h1>", Reason.STRANGER),
        (403, b"<h1>Forbidden</h1>", Reason.STRANGER),
        (500, b"", Reason.FAILED),
        (503, b"<h1>busy</h1>", Reason.BUSY),
        (429, b"", Reason.BUSY),
        (302, b"", Reason.MOVED),
        (200, b"x" * (3 << 20), Reason.TOO_LARGE),
    ],
)
def test_what_is_no_hub_is_not_believed(
    liar: Liar, desa: Desa, status: int, body: bytes, reason: Reason
) -> None:
    headers = {"Location": "http://127.0.0.1:1/", "Retry-After": "120"}
    liar.say = lambda *_request: (status, headers, body)
    with pytest.raises(Unreachable) as failed:
        push(desa.site)
    assert failed.value.reason is reason
    hub = known(desa)
    assert hub.state is hubs.State.PAIRED, "a page of somebody else unpairs nobody"
    assert (hub.error_code, hub.error) == (reason.value, failed.value.message)
    least_s = 120 if reason is Reason.BUSY else 30
    assert hub.next_ms >= clock_of(desa.site).at_ms + least_s * 1000


def test_each_failure_waits_twice_as_long_up_to_an_hour(liar: Liar, desa: Desa) -> None:
    waits = []
    for _n in range(10):
        with pytest.raises(Unreachable):
            push(desa.site)
        waits.append((known(desa).next_ms - clock_of(desa.site).at_ms) // 1000)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_hub_that_stores_nothing_is_found_out(liar: Liar, desa: Desa) -> None:
    liar.say = lambda *_request: reply(desa, have=[])
    with pytest.raises(Unreachable, match="belum menyimpannya"):
        push(desa.site)
    assert len(liar.heard) < 12
    liar.say = lambda *_request: reply(desa, have=[["0" * 16, 7, "0" * 64]])
    with pytest.raises(Unreachable, match="belum menyimpannya"):
        push(desa.site)
    assert len(liar.heard) < 24


def test_a_hub_that_says_it_has_all_is_believed_until_it_asks(liar: Liar, desa: Desa) -> None:
    liar.say = lambda *_request: reply(desa)
    assert push(desa.site).lines == 0
    liar.say = lambda *_request: reply(desa, have=[["x", -1, None], "junk", 7])
    with pytest.raises(Unreachable):
        push(desa.site)


def test_only_photos_of_published_news_are_given_away(liar: Liar, desa: Desa) -> None:
    with desa.site.bound():
        draft = news.create(operator(desa.site), Text(title="Rahasia"))
        secret = desa.master(desa.add_photo()).name
        assert draft.id
    asked = [secret, "../../data/desa.db", "0" * 64, None, 7, secret]
    liar.say = lambda *_request: reply(desa, want=asked)
    done = push(desa.site)
    assert (done.photos, sorted(done.gone)) == (0, sorted([secret, "0" * 64]))
    data = (desa.site.media / secret[:2] / secret).read_bytes()
    assert not any(data[:200] in body for _method, _path, body in liar.heard)


@pytest.mark.parametrize(
    ("location", "offset"),
    [
        ("", "0"), ("http://elsewhere.example/x", "0"), ("/sync/v1/uploads/../../etc", "0"),
        ("/sync/v1/uploads/abc", "-1"), ("/sync/v1/uploads/abc", "x"),
        ("/sync/v1/uploads/abc", "0"),
    ],
)  # fmt: skip
def test_an_upload_that_leads_nowhere_ends(
    liar: Liar, desa: Desa, location: str, offset: str
) -> None:
    master = next(desa.site.media.glob("??/*")).name

    def say(method: str, path: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path.endswith("/push"):
            return reply(desa, want=[master])
        return (
            201 if method == "POST" else 204,
            {"Location": location, "Upload-Offset": offset},
            b"",
        )

    liar.say = say
    with pytest.raises(Unreachable):
        push(desa.site)
    assert len(liar.heard) < 12


@pytest.mark.parametrize(
    "page",
    ["junk", '{"v":1}\n{"end":1,"n":0,"more":false}\tAAAA\n', "\n\t\n", "\t" * 50, "{" * 9000],
)
def test_receipts_that_nobody_signed_are_refused(liar: Liar, desa: Desa, page: str) -> None:
    liar.say = lambda *_request: reply(desa, receipts=page)
    with pytest.raises(Tampered):
        push(desa.site)
    assert known(desa).error_code == "sinkron-tidak-cocok"


def test_what_a_hub_says_is_shown_as_one_plain_line(liar: Liar, desa: Desa) -> None:
    message = "Ditolak.\n<script>alert(1)</script>\x1b[31m " + "x" * 900
    error = json.dumps({"error": {"code": "apa-saja", "message": message}}).encode()
    liar.say = lambda *_request: (422, {}, error)
    with pytest.raises(HubRefused) as refused:
        push(desa.site)
    assert "\n" not in refused.value.message
    assert len(refused.value.message) <= 400
    problem = {"code": "fork", "message": "dua\nsitus"}
    liar.say = lambda *_request: reply(desa, problem=problem)
    with pytest.raises(Tampered, match="dua situs"):
        push(desa.site)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (500, "permintaan-keliru", "sedang rusak"), (507, "ruang-penuh", "Ruang di server Kominfo"),
        (503, "sedang-sibuk", "sedang sibuk"), (503, "sumber-dijeda", "kata petugas"),
        (403, "belum-tersambung", "kata petugas"),
    ],
)  # fmt: skip
def test_what_is_wrong_at_the_hub_is_said_for_the_village(
    liar: Liar, desa: Desa, status: int, code: str, said: str
) -> None:
    error = json.dumps({"error": {"code": code, "message": "kata petugas, nomor 17"}}).encode()
    liar.say = lambda *_request: (status, {}, error)
    with pytest.raises(DesaError, match=said):
        push(desa.site)
    assert known(desa).state is hubs.State.PAIRED, "its officer may not have read our reply yet"
    hubs.store(desa.site, HUB, sent_at=clock_of(desa.site).at_ms)
    with pytest.raises(DesaError, match=said):
        push(desa.site)
    is_ended = known(desa).state is hubs.State.ENDED
    assert is_ended is (code == "belum-tersambung")


def test_a_wrong_clock_sends_nothing_by_itself(liar: Liar, desa: Desa) -> None:
    sender = sending.Sender(desa.site)
    clock = clock_of(desa.site)
    right = clock.at_ms
    clock.set(0)
    for _n in range(3):
        clock.monotonic += 10
        sender.idle()
    assert liar.heard == []
    clock.set(right)
    clock.monotonic += 10
    liar.say = lambda *_request: reply(desa)
    sender.idle()
    assert liar.heard != []


def test_a_plan_of_a_wrong_clock_is_not_kept(liar: Liar, desa: Desa) -> None:
    liar.say = lambda *_request: reply(desa)
    push(desa.site)
    hubs.store(desa.site, HUB, next_at=clock_of(desa.site).at_ms + 400 * 86_400_000)
    before = len(liar.heard)
    sending.Sender(desa.site).idle()
    assert len(liar.heard) > before


def test_nothing_is_sent_while_paused_unpaired_or_without_a_key(liar: Liar, desa: Desa) -> None:
    boss = operator(desa.site)
    pairing.set_paused(boss, True)
    sending.Sender(desa.site).idle()
    assert liar.heard == []
    pairing.set_paused(boss, False)
    for key in (desa.site.data / "keys").glob("signing-*.key"):
        key.unlink()
    sending.Sender(desa.site).idle()
    with pytest.raises(Conflict):
        push(desa.site)
    assert liar.heard == []
    pairing.end(boss)
    with pytest.raises(Conflict):
        push(desa.site)
    assert [path for _method, path, _body in liar.heard] == ["/sync/v1/unpair"]
    assert known(desa).token == ""


@pytest.mark.parametrize(
    ("typed", "address", "found"),
    [
        ("12345678", "media.kab.go.id", ("12345678", "https://media.kab.go.id")),
        ("1234 5678", "https://Media.Kab.go.id/", ("12345678", "https://media.kab.go.id")),
        ("Kode Sinkron: media.kab.go.id 1234 5678", "", ("12345678", "https://media.kab.go.id")),
        ("https://media.kab.go.id/pasangkan/12345678", "", ("12345678", "https://media.kab.go.id")),
        ("192.168.1.7:8080 1234-5678", "", ("12345678", "http://192.168.1.7:8080")),
        ("localhost:8080 12345678", "", ("12345678", "http://localhost:8080")),
        ("http://10.0.0.2/pasangkan/12345678", "", ("12345678", "http://10.0.0.2")),
    ],
)
def test_a_code_is_read_however_it_was_passed_on(
    typed: str, address: str, found: tuple[str, str]
) -> None:
    assert pairing.read_code(typed, address) == found


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("", ""), ("1234567", "media.kab.go.id"), ("12345678", ""), ("abcdefgh", "media.kab.go.id"),
        ("12345678", "ftp://media.kab.go.id"), ("12345678", "media kab"),
        ("12345678", "https://user:pw@media.kab.go.id"), ("12345678", "https://media/../x"),
        ("12345678", "javascript:alert(1)"),
    ],
)  # fmt: skip
def test_a_code_that_is_none_says_which_part_is_wrong(typed: str, address: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        pairing.read_code(typed, address)
    assert refused.value.fields


def test_pairing_with_a_stranger_or_with_ourselves_fails(liar: Liar, tmp_path: Path) -> None:
    site: Site = make_site(tmp_path / "baru")
    village = Desa(site)
    village.follow()
    from desa_web.engines.sync import pairing as protocol

    with site.bound():
        card = protocol.own_card(site)
        assert card is not None
        answers: list[bytes] = [
            b"<html>", b'{"v":1}', b'{"v":1,"hub":{},"ticket":"t","nonce":"n"}',
            json.dumps(
                {"v": 1, "hub": card.as_json(), "ticket": "t", "nonce": "n"}
            ).encode(),
        ]  # fmt: skip
        for said in answers:
            liar.say = lambda *_request, said=said: (200, {}, said)
            with pytest.raises(DesaError):
                pairing.connect(operator(site), "12345678", liar.url)
            assert hubs.newest(site) is None
    site.close()
