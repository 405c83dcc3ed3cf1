"""The files of packaging/ in use: nginx and Caddy in front of the real program, gunicorn and
Passenger instead of it, the systemd units under systemd's own judge."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.site import create
from desa_web.features.accounts import service as accounts
from desa_web.features.news import service
from desa_web.features.news.article import Text
from desa_web.web.headers import CONSTANT
from tests.harness.site import ROOT, run_desa, running

PACKAGING = ROOT / "packaging"
CONTENT_TYPES = {
    "/": "text/html; charset=utf-8",
    "/berita/": "text/html; charset=utf-8",
    "/berita/panen-raya": "text/html; charset=utf-8",
    "/feed.atom": "application/atom+xml",
    "/feed.json": "application/feed+json",
    "/rss.xml": "application/rss+xml",
    "/robots.txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": "sukamaju.desa.id", **named})
        got = connection.getresponse()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A served site; the folder and the program's port. Readable for the server in front."""
    folder = tmp_path_factory.mktemp("desa")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    site = create(folder / "situs", {"trusted_proxies": ("127.0.0.1",)})
    with site.bound():
        boss = operator(site)
        # Without anybody the front page leads to the first day's wizard.
        accounts.add(boss, "siti", "Siti Rahayu", Role.ADMIN)
        for title in ("Panen raya", "Rapat warga"):
            body = f"<p>{title} dihadiri warga dari empat dusun.</p>" * 20
            service.publish_now(boss, service.create(boss, Text(title=title, body=body)).id)
    site.close()
    launched = running("--site", folder / "situs", "serve", "--port", "0")
    with launched as (_process, url):
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        for path in CONTENT_TYPES:
            assert ask(port, path).status == 200
        yield folder / "situs", port


def public_folder(site: Path) -> str:
    return str(site / "cache" / "pages" / "public")


@contextmanager
def started(command: list[str], port: int, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=ROOT)
    try:
        until = time.monotonic() + 30
        while True:
            assert process.poll() is None, f"{command[0]} ended at once"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until, f"{command[0]} does not listen"
                time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def nginx(site: Path, program: int, folder: Path) -> Iterator[int]:
    """Debian's nginx with our example, only its ports and paths changed."""
    port = free_port()
    text = (PACKAGING / "nginx" / "desa.conf").read_text()
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{program}")
    text = text.replace("listen [::]:80;", "").replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("/var/lib/desa/situs/cache/pages/public", public_folder(site))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"worker_processes 1; daemon off; pid {folder}/pid; error_log stderr error; {user}\n"
        f"events {{}} http {{ access_log off; {temporary}\n{text}\n}}"
    )
    with started(["nginx", "-c", str(file), "-p", str(folder)], port):
        yield port


@contextmanager
def caddy(site: Path, program: int, folder: Path) -> Iterator[int]:
    """Debian's Caddy with our example, without certificates."""
    port = free_port()
    text = (PACKAGING / "caddy" / "Caddyfile").read_text()
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{program}")
    text = text.replace("/var/lib/desa/situs/cache/pages/public", public_folder(site))
    text = re.sub(r"^sukamaju\.desa\.id \{", f"http://sukamaju.desa.id:{port} {{", text, flags=re.M)
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    home = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    with started(command, port, **home):
        yield port


FRONTS = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=list(FRONTS))
def front(
    request: pytest.FixtureRequest,
    village: tuple[Path, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    assert shutil.which(request.param), f"{request.param} is missing: run `make test`"
    site, program = village
    with FRONTS[request.param](site, program, tmp_path_factory.mktemp("front")) as port:
        yield port


@pytest.mark.parametrize("path", CONTENT_TYPES)
def test_a_baked_page_is_the_program_s_answer(
    front: int, village: tuple[Path, int], path: str
) -> None:
    ours, theirs = ask(village[1], path), ask(front, path)
    assert theirs.status == 200
    assert theirs.body == ours.body
    assert theirs.headers["content-type"].replace("; charset=utf-8", "") == CONTENT_TYPES[
        path
    ].replace("; charset=utf-8", "")
    for name in CONSTANT:
        assert theirs.headers[name.lower()] == ours.headers[name.lower()], name
    assert theirs.headers["cache-control"] == "no-cache"
    packed = ask(front, path, Accept_Encoding="gzip")
    if packed.headers.get("content-encoding") == "gzip":
        assert gzip.decompress(packed.body) == ours.body


def test_baked_pages_do_not_reach_the_program(front: int, village: tuple[Path, int]) -> None:
    """The file on the disk is what is sent: a mark put into it comes out."""
    page = Path(public_folder(village[0])) / "berita" / "rapat-warga@.html"
    assert ask(village[1], "/berita/rapat-warga").status == 200
    kept = page.read_bytes()
    try:
        page.write_bytes(kept + b"<!-- dari disk -->")
        assert ask(front, "/berita/rapat-warga").body.endswith(b"<!-- dari disk -->")
        # A session, a question or a form is for the program.
        for headers in ({"Cookie": "desa_sesi=x"}, {"Cookie": "a=b; __Host-desa_sesi=x"}):
            answer = ask(front, "/berita/rapat-warga", **headers)
            assert (answer.status, b"dari disk" in answer.body) == (200, False)
        assert b"dari disk" not in ask(front, "/berita/rapat-warga?dari=wa").body
        assert ask(front, "/berita/rapat-warga", "POST", Content_Length="0").status != 200
    finally:
        page.write_bytes(kept)


def test_what_is_not_baked_falls_through(front: int) -> None:
    assert ask(front, "/tidak-ada").status == 404
    assert b"buntu" in ask(front, "/tidak-ada").body
    assert ask(front, "/pengumuman/").status == 200
    assert ask(front, "/masuk").headers["cache-control"] == "no-store"
    assert ask(front, "/sehat").status == 200
    assert ask(front, "/cari?q=panen").status == 200


def test_nothing_else_of_the_folder_is_served(front: int) -> None:
    for path in ("/../state.db", "/%2e%2e/state.db", "/../other/", "/@.html", "/berita/@.html.gz",
                 "/..%2fstate.db"):  # fmt: skip
        answer = ask(front, path)
        assert answer.status in (400, 404, 410), path
        assert b"SQLite" not in answer.body


def test_theme_files_are_kept_for_a_year(front: int) -> None:
    html = ask(front, "/").body.decode()
    style = re.search(r'href="(/tema/situs\.[0-9a-f]{12}\.css)"', html)
    assert style is not None
    for _ in range(2):  # from the program first, baked afterwards
        answer = ask(front, style[1])
        assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in answer.headers["cache-control"]


def test_a_withdrawn_article_is_gone_through_the_front_server(
    front: int, village: tuple[Path, int]
) -> None:
    site, program = village
    new = run_desa("--site", site, "--json", "news", "import", _written(site.parent, front))
    assert new.returncode == 0, new.stderr
    path = f"/berita/kabar-{front}"
    _until(lambda: ask(program, path).status == 200)
    assert ask(front, path).status == 200
    done = run_desa("--site", site, "news", "withdraw", f"kabar-{front}")
    assert done.returncode == 0, done.stderr
    _until(lambda: ask(front, path).status == 410)
    assert ask(front, path).headers["content-security-policy"]


def _written(folder: Path, number: int) -> Path:
    file = folder / f"kabar-{number}.md"
    file.write_text(f"---\ntitle: Kabar {number}\nstate: published\n---\n\nIsi kabar.\n")
    return file


def _until(condition: object, timeout_s: float = 15) -> None:
    end = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_gunicorn_serves_the_same_site(village: tuple[Path, int]) -> None:
    site, program = village
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", str(PACKAGING / "gunicorn/gunicorn.conf.py"),
               "-b", f"127.0.0.1:{port}", "desa_web.app:wsgi"]  # fmt: skip
    with started(command, port, DESA_SITE=str(site)):
        for path in CONTENT_TYPES:
            ours, theirs = ask(program, path), ask(port, path)
            assert (theirs.status, theirs.body) == (200, ours.body)
            assert theirs.headers["etag"] == ours.headers["etag"]
            again = ask(port, path, If_None_Match=theirs.headers["etag"])
            assert (again.status, again.body) == (304, b"")
        assert ask(port, "/tidak-ada").status == 404


def test_passenger_finds_the_application_and_its_site(
    village: tuple[Path, int], tmp_path: Path
) -> None:
    shutil.copy(PACKAGING / "passenger" / "passenger_wsgi.py", tmp_path)
    (tmp_path / "situs").symlink_to(village[0])
    program = (
        "from wsgiref.util import setup_testing_defaults as d; import passenger_wsgi as p\n"
        "e = {'PATH_INFO': '/berita/panen-raya'}; d(e); seen = []\n"
        "body = b''.join(p.application(e, lambda s, h, x=None: seen.append(s)))\n"
        "print(seen[0], b'Panen raya' in body)"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DESA_")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, check=False,
        env={**clean, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.strip() == "200 OK True", done.stderr


@pytest.mark.parametrize("name", ["nginx/desa.conf", "caddy/Caddyfile"])
def test_the_examples_send_the_program_s_own_headers(name: str) -> None:
    text = (PACKAGING / name).read_text()
    for header, value in CONSTANT.items():
        assert f'{header} "{value}"' in text, header


UNITS = ("desa.service", "desa-backup.service", "desa-backup.timer", "desa-pull.service",
         "desa-pull.timer")  # fmt: skip


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (PACKAGING / "systemd" / unit).read_text()
        # The program lies elsewhere on this machine.
        (tmp_path / unit).write_text(text.replace("/opt/desa/bin/desa", "/bin/true"))
    command = ["systemd-analyze", "verify", *(str(tmp_path / unit) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("unit", "most"),
    [("desa.service", 1.5), ("desa-backup.service", 1.0), ("desa-pull.service", 1.5)],
)
def test_the_units_are_shut_in(unit: str, most: float) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager"]
    done = subprocess.run(
        [*command, str(PACKAGING / "systemd" / unit)], capture_output=True, text=True, check=False
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= most
