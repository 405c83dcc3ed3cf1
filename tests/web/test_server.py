"""The server over real sockets: the fast path and the WSGI way give the same bytes; stopping;
proxies; the fall-backs."""

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from desa_web.engines.pages import Page, PageStore
from desa_web.web import server as server_module
from desa_web.web.server import Limits, Options, Server, make_server
from desa_web.web.serving import pins

HTML = [("Content-Type", "text/html; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
HOSTS = frozenset({"localhost", "127.0.0.1"})
GAP_S = 0.0004
END = b"GET /kecil HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """The uncached part of the toy site."""
    path = environ["PATH_INFO"]
    if path == "/gema":
        body = environ["wsgi.input"].read()
    elif path == "/siapa":
        names = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST")
        body = "|".join(environ[name] for name in names).encode()
        body += repr(sorted(k for k in environ if "FORWARDED" in k)).encode()
    else:
        body = environ["PATH_INFO"].encode("latin-1") + b"?" + environ["QUERY_STRING"].encode()
    start("200 OK", [("Content-Type", "text/plain")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def filled(folder: Path) -> PageStore:
    store = PageStore(folder / "pages", "satu")
    photo = folder / "0193-foto"
    photo.write_bytes(bytes(range(256)) * 100)
    big = folder / "0193-besar"
    big.write_bytes(os.urandom(3 << 20))
    for target, page in {
        "/": Page.of_body("200 OK", HTML, b"<p>Beranda desa</p>" * 600),
        "/berita/air": Page.of_body("200 OK", HTML, b"<p>Air bersih</p>" * 400),
        "/kecil": Page.of_body("200 OK", HTML, b"kecil"),
        "/tiada": Page.of_body("404 NOT FOUND", HTML, b"tidak ada " * 50),
        "/foto.webp": Page.of_file([("Content-Type", "image/webp")], photo),
        "/besar": Page.of_file([("Content-Type", "application/zip")], big),
    }.items():
        store.put(target, page, {"menu"}, store.generation())
    return store


@contextmanager
def running(store: PageStore, application: Any = app, **options: Any) -> Iterator[Server]:
    server = make_server(application, store, options=Options(hosts=HOSTS, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop(2)
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """The same store behind two servers, one of them without the fast path."""
    store = filled(tmp_path_factory.mktemp("situs"))
    with running(store) as fast, running(store, fast=False) as slow:
        assert fast.is_fast
        assert not slow.is_fast
        yield fast, slow
        assert fast.is_fast, "an error turned the fast path off"
    store.close()


def talk(port: int, *chunks: bytes, timeout: float = 5) -> bytes:
    """Send the chunks as separate segments, read to the end; dates are made equal."""
    out = b""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        # Sending more after an answer that closes is an error for us, not for the answer.
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for number, chunk in enumerate(chunks):
                if number:
                    # The gap is what is tested: the server has read the first part alone.
                    time.sleep(GAP_S)
                sock.sendall(chunk)
        try:
            while block := sock.recv(1 << 18):
                out += block
        except ConnectionResetError:
            pass
        except TimeoutError:
            out += b"<TIMEOUT>"
    return re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: x", out)


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def etag_of(port: int, path: bytes) -> bytes:
    head = talk(
        port, b"HEAD " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    found = re.search(rb"Etag: (\S+)", head)
    assert found is not None
    return found[1]


PATHS = [b"/", b"/berita/air", b"/kecil", b"/foto.webp", b"/tiada"]
ENCODINGS = [None, None, b"gzip", b"gzip, deflate, br", b"gzip;q=0", b"*", b"*;q=0", b"br", b"GZIP"]
ENCODINGS += [b"gzip;q=0.5, *;q=0", b"", b"deflate;q=1,gzip;q=0.001", b"gzip;q=9", b"x-gzip"]
EXTRAS = [
    b"User-Agent: Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36",
    b"Accept: text/html,*/*;q=0.8",
    b"X-Forwarded-For: 1.2.3.4",
    b"X-Forwarded-Host: jahat.example",
    b"Cookie: tema=gelap",
    b"Cookie: sid=abc",
    b"X-Kosong:",
    b"x-under_score: 1",
    b"Range: bytes=0-10",
    b"If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT",
    b"Pragma: no-cache",
    b"Authorization: Basic eDp5",
    b"Te: trailers",
]


@st.composite
def a_request(draw: st.DrawFn) -> tuple[bytes, ...]:
    """(head without If-None-Match, kind of If-None-Match, path)"""
    path = draw(st.sampled_from(PATHS))
    lines = [b"Host: " + draw(st.sampled_from([b"localhost", b"LOCALHOST:80", b"127.0.0.1"]))]
    encoding = draw(st.sampled_from(ENCODINGS))
    if encoding is not None:
        name = draw(
            st.sampled_from([b"Accept-Encoding: ", b"accept-encoding:", b"ACCEPT-ENCODING:  "])
        )
        lines.append(name + encoding)
    connection = draw(st.sampled_from([None, None, None, b"keep-alive", b"Keep-Alive", b"close"]))
    if connection:
        lines.append(b"Connection: " + connection)
    lines += draw(st.lists(st.sampled_from(EXTRAS), max_size=4, unique=True))
    lines = draw(st.permutations(lines))
    method = draw(st.sampled_from([b"GET", b"GET", b"GET", b"HEAD"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]))
    known = draw(
        st.sampled_from([b"", b"", b"weak", b"strong", b"*", b"list", b"other", b"broken"])
    )
    head = method + b" " + path + b" HTTP/" + version + b"\r\n"
    return head + b"".join(line + b"\r\n" for line in lines), known, path


OTHERS = [
    b"GET /dinamis/7 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /gema HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nhalo",
    b"POST /gema HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    b"GET /kecil?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%6becil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\r\nGET /kecil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nGET ",
    b"GET //kecil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: localhost\r\nConnection: close, te\r\n\r\n",
    b"OPTIONS /kecil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /kecil#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
]
BAD = [
    b"GET /kecil HTTP/1.1\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: jahat.example\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    b"GET /kecil HTTP/1.1 \r\nHost: localhost\r\n\r\n",
    b"get /kecil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: localhost:80x\r\n\r\n",
    b"GET /kecil HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 101 + b"\r\n",
]


def assembled(port: int, parts: list[bytes | tuple[bytes, ...]]) -> bytes:
    out = b""
    for part in parts:
        if isinstance(part, bytes):
            out += part
            continue
        head, known, path = part
        if known:
            tag = etag_of(port, path)
            strong = tag.removeprefix(b"W/")
            value = {b"weak": tag, b"strong": strong, b"*": b"*", b"other": b'W/"lain"'}
            value |= {b"list": b'"a", W/"b" ,' + tag, b"broken": strong + b"x"}
            head += b"If-None-Match: " + value[known] + b"\r\n"
        out += head + b"\r\n"
    return out


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(edges) if b > a]


PARTS = st.lists(
    st.one_of(a_request(), a_request(), a_request(), st.sampled_from(OTHERS), st.sampled_from(BAD)),
    min_size=1,
    max_size=6,
)
CUTS = st.lists(st.integers(0, 4000), max_size=6)
COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


def same_bytes(both: tuple[Server, Server], parts: list[Any], cuts: list[int]) -> None:
    fast, slow = both
    data = assembled(slow.port, parts) + END
    want = talk(slow.port, data)
    got = talk(fast.port, *pieces(data, cuts))
    assert b"<TIMEOUT>" not in want
    assert got == want


@seed(1)
@settings(COMMON, max_examples=250)
@given(parts=PARTS, cuts=CUTS)
def test_fast_path_and_wsgi_give_the_same_bytes(
    both: tuple[Server, Server], parts: list[Any], cuts: list[int]
) -> None:
    same_bytes(both, parts, cuts)


@pytest.mark.long
@seed(2)
@settings(COMMON, max_examples=5000)
@given(parts=PARTS, cuts=CUTS)
def test_fast_path_and_wsgi_give_the_same_bytes_for_long(
    both: tuple[Server, Server], parts: list[Any], cuts: list[int]
) -> None:
    same_bytes(both, parts, cuts)


SEQUENCE = [
    b"GET /berita/air HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
    b"GET /dinamis/7 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /gema HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nhalo",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n\r\n",
    b"GET /kecil HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
]


def test_a_pipeline_cut_at_every_byte_gives_the_same_answers(both: tuple[Server, Server]) -> None:
    data = b"".join(SEQUENCE) + END
    want = talk(both[1].port, data)
    assert statuses(want) == [200, 200, 200, 200, 304, 200, 200]
    for cut in range(1, len(data)):
        assert talk(both[0].port, data[:cut], data[cut:]) == want, cut
    assert talk(both[0].port, *(data[i : i + 1] for i in range(len(data)))) == want


def test_two_hundred_pipelined_requests_are_answered_in_order(both: tuple[Server, Server]) -> None:
    data = (SEQUENCE[0] + SEQUENCE[2] + SEQUENCE[1] + SEQUENCE[3]) * 50 + END
    want = talk(both[1].port, data)
    assert statuses(want) == [200] * 201
    assert talk(both[0].port, data) == want


def test_a_slow_reader_gets_a_large_file_whole(both: tuple[Server, Server]) -> None:
    request = b"GET /besar HTTP/1.1\r\nHost: localhost\r\n\r\n"
    want = talk(both[1].port, request, END)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.connect(("127.0.0.1", both[0].port))
        sock.settimeout(10)
        sock.sendall(request + END)
        out = b""
        while block := sock.recv(4096):
            out += block
    assert re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: x", out) == want
    assert len(want) > 3 << 20


def test_a_304_keeps_the_connection(both: tuple[Server, Server]) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n\r\n"
    for server in both:
        assert statuses(talk(server.port, ask * 3 + END)) == [304, 304, 304, 200]


def test_pages_swapped_under_load_are_never_torn(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "pages", "satu")
    texts = [(f"versi {n} " * (200 + n * 37)).encode() for n in range(8)]
    stop = threading.Event()
    odd: list[bytes] = []
    answers = 0

    def publish() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            store.drop({"article:1"})
            page = Page.of_body("200 OK", HTML, texts[number % 8])
            store.put("/berita/air", page, {"article:1"}, store.generation())
            stop.wait(0.002)

    def uncached(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", HTML)
        return [texts[0]]

    with running(store, uncached) as server:
        publisher = threading.Thread(target=publish)
        publisher.start()
        request = b"GET /berita/air HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(60):
            data = talk(server.port, request * 40 + END)
            for body in re.findall(rb"\r\n\r\n(versi.*?)(?=HTTP/1\.1|$)", data, re.S):
                answers += 1
                if body not in texts:
                    odd.append(body[:60])
        stop.set()
        publisher.join()
        assert server.is_fast
    store.close()
    assert answers >= 2400
    assert not odd


def test_forwarded_headers_count_only_from_named_proxies(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "pages", "satu")
    request = (
        b"GET /siapa HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"X-Forwarded-For: 9.9.9.9, 203.0.113.7, 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: localhost:8443\r\nForwarded: for=1.1.1.1\r\n\r\n"
    )
    with running(store) as server:
        assert talk(server.port, request).endswith(b"127.0.0.1|http|localhost[]")
    with running(store, trusted_proxies=("127.0.0.0/8",)) as server:
        assert talk(server.port, request).endswith(b"203.0.113.7|https|localhost:8443[]")
        evil = request.replace(b"localhost:8443", b"jahat.example")
        assert talk(server.port, evil).endswith(b"203.0.113.7|https|localhost[]")
    store.close()


def test_an_error_in_the_fast_path_takes_the_wsgi_way_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    store = filled(tmp_path)
    request = b"GET /kecil HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running(store) as server:
        assert server.is_fast
        want = talk(server.port, request, END)
        page = store.hot(b"/kecil")
        assert page is not None
        # A page object no code of ours makes: the fast path trips over it, WSGI does not read it.
        page.heads.clear()
        page.heads[("1.1", "", False, False)] = "kacau"
        assert talk(server.port, request, END) == want
        assert not server.is_fast
        assert talk(server.port, request, END) == want
    store.close()
    said = [r for r in caplog.records if "fast path is off" in r.message]
    assert len(said) == 1
    assert said[0].exc_info is not None


@pytest.mark.parametrize("way", ["version", "source"])
def test_an_untested_waitress_serves_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "version":
        monkeypatch.setattr(pins, "VERSION", "3.0.1")
    else:
        monkeypatch.setitem(pins.SOURCES, "channel.py", "0" * 64)
    store = filled(tmp_path)
    with running(store) as server:
        assert not server.is_fast
        assert not server.is_guarded
        assert statuses(talk(server.port, b"".join(SEQUENCE) + END)) == [200] * 4 + [304, 200, 200]
        assert statuses(talk(server.port, BAD[0] + END)) == [400]
        assert statuses(talk(server.port, BAD[1] + END)) == [400]
    store.close()


def test_a_failing_selftest_keeps_the_fast_path_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module.selftest, "difference", lambda adj: "GET /uji")
    store = filled(tmp_path)
    with running(store) as server:
        assert not server.is_fast
        assert server.is_guarded
        assert statuses(talk(server.port, SEQUENCE[0], END)) == [200, 200]
    store.close()


def test_the_pins_name_the_installed_waitress() -> None:
    assert pins.mismatch() is None
    assert {"channel.py", "task.py", "parser.py", "server.py", "wasyncore.py"} <= set(pins.SOURCES)


PROGRAM = """
import sys, time
from pathlib import Path
from desa_web.engines.pages import PageStore
from desa_web.web.server import serve
def app(environ, start):
    if environ["PATH_INFO"] == "/lama":
        print("began", flush=True)
        time.sleep(0.7)
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"selesai"]
serve(app, PageStore(Path(sys.argv[1]), "satu"), host="127.0.0.1", port=0,
      on_ready=lambda host, port: print(host, port, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_finishes_the_answers_under_way(tmp_path: Path, number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "pages")],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        host, port = process.stdout.readline().split()
        idle = socket.create_connection((host, int(port)), 5)
        busy = socket.create_connection((host, int(port)), 5)
        busy.sendall(b"GET /lama HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout.readline() == "began\n"
        process.send_signal(number)
        answer = b""
        while block := busy.recv(4096):
            answer += block
        assert answer.endswith(b"selesai")
        assert idle.recv(10) == b""
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(10) == 0
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((host, int(port)), 1)
        idle.close()
        busy.close()


def test_limits_may_be_given(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "pages", "satu")
    with running(store, limits=Limits(connections=50)) as server:
        assert statuses(talk(server.port, END)) == [200]
    store.close()


def test_an_event_without_data_closes_nobody(tmp_path: Path) -> None:
    """A child process being started keeps events of closed connections alive for a moment."""
    store = filled(tmp_path)
    with running(store) as server, socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.settimeout(5)
        ask = b"GET /dinamis HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sock.sendall(ask)
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 ")
        (channel,) = server._inner.active_channels.values()
        channel.handle_read()
        sock.sendall(ask)
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 ")
    store.close()
