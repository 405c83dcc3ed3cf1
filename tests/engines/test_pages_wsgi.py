"""Kept pages through WSGI, and baking: what is kept, what never is, what is baked again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from desa_web.engines.pages import Baker, PageMiddleware, PageStore, render_through

HTML = ("Content-Type", "text/html; charset=utf-8")


class Village:
    """A toy site: articles, a list, a home page, and answers that must not be kept."""

    def __init__(self, folder: Path) -> None:
        self.titles = {n: f"Judul {n}" for n in range(20)}
        self.rendered: Counter[str] = Counter()
        self.photo = folder / "0193-foto"
        self.photo.write_bytes(bytes(range(256)) * 40)
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.rendered[path] += 1
        special = getattr(self, "on_" + path.strip("/"), None)
        if special is not None:
            return special(environ, start)  # type: ignore[no-any-return]
        if path == "/":
            keys, text = {"list:news", "menu"}, " ".join(self.titles.values())
        elif path == "/berita/":
            keys, text = {"list:news", "menu"}, "<br>".join(self.titles.values())
        elif path.startswith("/berita/") and int(path[8:]) in self.titles:
            number = int(path[8:])
            keys, text = {f"article:{number}", "menu"}, self.titles[number]
        else:
            environ["desa.surrogate_keys"] = frozenset({"list:news"})
            start("404 NOT FOUND", [HTML])
            return [b"tidak ada"]
        environ["desa.surrogate_keys"] = frozenset(keys)
        start("200 OK", [HTML, ("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")])
        return self._closing([text.encode() * 40])

    def _closing(self, parts: list[bytes]) -> Iterator[bytes]:
        try:
            yield from parts
        finally:
            self.closed += 1

    def on_sesi(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"menu"})
        start("200 OK", [HTML, ("Set-Cookie", "a=b")])
        return [b"sesi"]

    def on_rahasia(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"menu"})
        start("200 OK", [HTML, ("Cache-Control", "no-store")])
        return [b"rahasia"]

    def on_bahasa(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"menu"})
        start("200 OK", [HTML, ("Vary", "Accept-Language")])
        return [b"bahasa"]

    def on_polos(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [HTML])
        return [b"polos"]

    def on_malas(self, environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        start("200 OK", [HTML])
        yield b"malas"

    def on_tulis(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [HTML])(b"tulis")
        return []

    def on_cari(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"list:news"})
        environ["desa.cache_query"] = environ["QUERY_STRING"].startswith("halaman=")
        start("200 OK", [HTML])
        return [b"cari " + environ["QUERY_STRING"].encode()]

    def on_foto(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"media:1"})
        environ["desa.file"] = str(self.photo)
        data = self.photo.read_bytes()
        if "HTTP_RANGE" in environ:
            start("206 PARTIAL CONTENT", [("Content-Type", "image/webp")])
            return [data[:10]]
        start("200 OK", [("Content-Type", "image/webp")])
        return [data]

    def on_galat(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["desa.surrogate_keys"] = frozenset({"menu"})
        start("500 INTERNAL SERVER ERROR", [HTML])
        return [b"galat"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PageStore]:
    opened = PageStore(tmp_path / "pages", "satu")
    yield opened
    opened.close()


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


def ask(
    app: Any, target: str, method: str = "GET", checked: bool = True, **headers: str
) -> tuple[str, dict[str, str], bytes]:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {"REQUEST_URI": target, "SCRIPT_NAME": ""}
    setup_testing_defaults(environ)
    environ |= {f"HTTP_{name}": value for name, value in headers.items()}
    seen: list[Any] = []
    written: list[bytes] = []

    def start(status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Any:
        seen[:] = [status, fields]
        return written.append

    result = (validator(app) if checked else app)(environ, start)
    try:
        body = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return seen[0], {k.lower(): v for k, v in seen[1]}, b"".join(written) + body


def test_a_page_is_rendered_once_and_answered_alike(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    first = ask(app, "/berita/3", ACCEPT_ENCODING="gzip")
    assert ask(app, "/berita/3", ACCEPT_ENCODING="gzip") == first
    assert first[1]["content-encoding"] == "gzip"
    assert ask(app, "/berita/3")[2] == b"Judul 3" * 40
    assert village.rendered["/berita/3"] == 1
    assert village.closed == 1


def test_conditional_requests_get_304(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    etag = ask(app, "/")[1]["etag"]
    status, headers, body = ask(app, "/", checked=False, IF_NONE_MATCH=f'"x", {etag}')
    assert (status, body, headers["etag"]) == ("304 Not Modified", b"", etag)
    assert "content-type" not in headers
    assert ask(app, "/", IF_NONE_MATCH='"lain"')[0] == "200 OK"
    later = "Sun, 22 Nov 2026 10:00:00 GMT"
    assert ask(app, "/", checked=False, IF_MODIFIED_SINCE=later)[0] == "304 Not Modified"
    earlier = "Fri, 20 Nov 2026 10:00:00 GMT"
    assert ask(app, "/", IF_MODIFIED_SINCE=earlier)[0] == "200 OK"
    assert ask(app, "/", IF_MODIFIED_SINCE="kemarin")[0] == "200 OK"
    both = ask(app, "/", IF_NONE_MATCH='"lain"', IF_MODIFIED_SINCE=later)
    assert both[0] == "200 OK"


def test_head_has_the_header_of_get_and_no_body(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    status, headers, _ = ask(app, "/")
    assert ask(app, "/", "HEAD") == (status, headers, b"")


@pytest.mark.parametrize(
    "path", ["/sesi", "/rahasia", "/bahasa", "/polos", "/malas", "/tulis", "/galat", "/cari?q=air"]
)
def test_what_is_not_marked_or_not_public_is_never_kept(
    village: Village, store: PageStore, path: str
) -> None:
    app = PageMiddleware(village, store)
    direct = ask(village, path)
    assert ask(app, path) == direct
    assert ask(app, path) == direct
    assert village.rendered[path.split("?")[0]] == 3
    assert store.stats()["entries"] == 0


def test_a_query_is_kept_only_where_marked(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    assert ask(app, "/cari?halaman=2")[2] == ask(app, "/cari?halaman=2")[2] == b"cari halaman=2"
    assert village.rendered["/cari"] == 1


@pytest.mark.parametrize(
    "headers", [{"COOKIE": "tema=a; sid=abc"}, {"AUTHORIZATION": "x"}, {"IF_MATCH": "*"}]
)
def test_a_personal_request_reaches_the_app(
    village: Village, store: PageStore, headers: dict[str, str]
) -> None:
    app = PageMiddleware(village, store)
    ask(app, "/", **headers)
    assert store.stats()["entries"] == 0
    ask(app, "/")
    ask(app, "/", **headers)
    assert village.rendered["/"] == 3


def test_a_missing_page_is_kept_without_conditions(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    etag = ask(app, "/berita/99")[1]["etag"]
    assert ask(app, "/berita/99", IF_NONE_MATCH=etag)[0] == "404 NOT FOUND"
    assert village.rendered["/berita/99"] == 1


def test_a_file_is_remembered_and_ranges_reach_the_app(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    whole = village.photo.read_bytes()
    assert ask(app, "/foto")[2] == ask(app, "/foto")[2] == whole
    assert village.rendered["/foto"] == 1
    assert ask(app, "/foto", RANGE="bytes=0-9")[::2] == ("206 PARTIAL CONTENT", whole[:10])
    village.photo.write_bytes(whole[:-1])
    assert len(ask(app, "/foto")[2]) == len(whole) - 1


def test_a_withdrawn_article_is_gone_at_once(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    ask(app, "/berita/3")
    del village.titles[3]
    store.drop({"article:3"})
    assert ask(app, "/berita/3")[0] == "404 NOT FOUND"


def test_views_count_readers_not_baking(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    render_through(app)("/berita/3")
    phone = {"USER_AGENT": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Mobile"}
    ask(app, "/berita/3", **phone)
    ask(app, "/berita/3", **phone)
    ask(app, "/berita/3", "HEAD", **phone)
    ask(app, "/berita/3", **phone, SEC_PURPOSE="prefetch;prerender")
    ask(app, "/berita/3", **phone, X_MOZ="prefetch")
    ask(app, "/berita/3", USER_AGENT="Mozilla/5.0 (compatible; Googlebot/2.1)")
    ask(app, "/foto", **phone)
    assert ask(app, "/berita/99", **phone)[0] == "404 NOT FOUND"
    assert store.take_views() == {"/berita/3": 2}


def first_targets(keys: frozenset[str]) -> list[str]:
    home = ["/", "/berita/"] if "list:news" in keys else []
    return home + [f"/berita/{key[8:]}" for key in sorted(keys) if key.startswith("article:")]


def test_publishing_one_article_bakes_only_pages_that_show_it(
    village: Village, store: PageStore
) -> None:
    app = PageMiddleware(village, store)
    baker = Baker(store, render_through(app), first=first_targets)
    for number in range(20):
        ask(app, f"/berita/{number}")
    ask(app, "/")
    ask(app, "/cari?halaman=2")
    village.rendered.clear()
    village.titles[7] = "Judul baru"
    assert baker.follow([(41, {"article:7"}), (42, {"list:news"})]) == 42
    assert village.rendered == {"/": 1, "/berita/": 1, "/berita/7": 1}
    assert baker.idle() == 0
    assert village.rendered.total() == 3
    assert b"Judul baru" in ask(app, "/")[2]
    assert village.rendered.total() == 3


def test_a_menu_change_bakes_the_first_pages_and_the_rest_when_idle(
    village: Village, store: PageStore
) -> None:
    app = PageMiddleware(village, store)
    baker = Baker(store, render_through(app), first=lambda keys: ["/"])
    for number in range(20):
        ask(app, f"/berita/{number}")
    village.rendered.clear()
    baker.follow([(1, {"menu"})])
    assert village.rendered == {"/": 1}
    while baker.idle(0.05):
        pass
    assert village.rendered == {"/": 1} | {f"/berita/{n}": 1 for n in range(20)}


def test_one_page_that_fails_does_not_stop_the_others(village: Village, store: PageStore) -> None:
    app = PageMiddleware(village, store)
    baker = Baker(store, render_through(app), first=lambda keys: [])
    assert baker.bake(["/berita/rusak", "/berita/1", "/tiada"]) == 1
    assert store.get("/berita/1") is not None
