"""Real sites for tests: factories, a clock that obeys, people, a browser-like client, a server.

site = make_site(tmp_path)                        bound to this context, closed by the fixture
actor = actor_as(site, Role.EDITOR)               a real user of the real accounts service
web = client(site, actor)                         Flask test client, signed in by real cookies
with serving(site) as url: urlopen(url + "sehat") the real `desa serve` in its own process
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desa_web.core import settings
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.config import Value
from desa_web.core.site import Site, create

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

ROOT = Path(__file__).resolve().parents[2]
# Sunday, 22 November 2026, 08.00 WIB: after the release, so nothing is held for a doubtful clock.
START_MS = 1_795_309_200_000
_TOKEN = re.compile(r'name="_token" value="([^"]+)"')
_SUBMISSION = re.compile(r'name="_submission" value="([^"]+)"')


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until it is told to go on, or to be wrong."""

    at_ms: int = START_MS
    monotonic: float = 1000.0

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return self.monotonic

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        """Let time pass on both clocks."""
        passed = seconds + days * 86_400
        self.at_ms += round(passed * 1000)
        self.monotonic += passed

    def set(self, at_ms: int) -> None:
        """Change the date only, as a dead battery or a person would."""
        self.at_ms = at_ms


def make_site(
    folder: Path,
    *,
    clock: FakeClock | None = None,
    options: Mapping[str, Value] | None = None,
    database_url: str = "",
    **village: object,
) -> Site:
    """Make a site in `folder`/situs; `village` are settings, such as village_name="Sukamaju".

    Without `clock` it has a FakeClock of its own (`clock_of`). Bind it with `site.bound()`.
    """
    values = dict(options or {})
    if database_url:
        values["database_url"] = database_url
    site = create(folder / "situs", values, clock or FakeClock())
    if village:
        with site.bound():
            settings.change(operator(site), village)
    return site


def clock_of(site: Site) -> FakeClock:
    assert isinstance(site.clock, FakeClock)
    return site.clock


def actor_as(site: Site, role: Role, login: str = "", **person: str) -> Actor:
    """Return an actor of this role; its user is made when nobody has that login yet.

    The login is the role's name by default. No password: use `sign_in` of client() instead.
    """
    from desa_web.core.errors import NotFound
    from desa_web.features.accounts import service

    login = login or role.value
    with site.bound():
        try:
            return service.actor_of(site, login, via="test")
        except NotFound:
            name = person.get("name", login.title())
            service.add(operator(site), login, name, role, initials=person.get("initials", ""))
            return service.actor_of(site, login, via="test")


def app_of(site: Site) -> Flask:
    """Return the site's app, made once: all clients of a test share it like one server."""
    from desa_web.app import create_app

    app: Flask | None = getattr(site, "_test_app", None)
    if app is None:
        app = create_app(site)
        site._test_app = app  # type: ignore[attr-defined]
    return app


def client(site: Site, actor: Actor | None = None) -> FlaskClient:
    """Return a test client; with `actor` its cookies are a real session of that user.

    Unlike a browser it sends no Sec-Fetch-Site: give headers=SAME_ORIGIN or use `post_form`.
    """
    from desa_web.features.accounts import service, sessions
    from desa_web.web.auth import SESSION_COOKIE

    web = app_of(site).test_client()
    if actor is not None:
        assert actor.user_id is not None
        with site.bound():
            person = service.user(operator(site), actor.user_id)
            signed_in = sessions.start(site, person, description="tests")
        web.set_cookie(SESSION_COOKIE, signed_in.token)
    return web


SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def hidden_fields(page: str) -> dict[str, str]:
    """Return the form token and the submission key that a page's form carries."""
    found = {}
    for name, pattern in (("_token", _TOKEN), ("_submission", _SUBMISSION)):
        if (match := pattern.search(page)) is not None:
            found[name] = match[1]
    return found


def post_form(
    web: FlaskClient, url: str, values: Mapping[str, object], *, page: str = ""
) -> TestResponse:
    """Fetch the form at `page` (default: `url`), fill in `values` and send it like a browser."""
    shown = web.get(page or url)
    assert shown.status_code == 200, shown.status
    fields = hidden_fields(shown.get_data(as_text=True))
    return web.post(url, data={**fields, **values}, headers=SAME_ORIGIN)


def run_desa(
    *arguments: str | Path, input: str | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command `desa` in a process of its own and return what it said."""
    return subprocess.run(
        _command(*arguments),
        input=input,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=_environment(environ),
        check=False,
    )


@contextmanager
def serving(site: Site | Path, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run the real `desa serve` on 127.0.0.1 and give its URL, with a slash at the end."""
    path = site.path if isinstance(site, Site) else site
    with running("--site", path, "serve", "--port", "0", environ=environ) as (_process, url):
        yield url


@contextmanager
def running(
    *arguments: str | Path, environ: Mapping[str, str] | None = None, timeout_s: float = 60
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a command that prints its URL when it is ready; give the process and that URL."""
    process = subprocess.Popen(
        _command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=_environment(environ),
    )
    said: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, said), daemon=True)
    reader.start()
    try:
        yield process, _first_url(said, timeout_s)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def _read(process: subprocess.Popen[str], said: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        said.put(line)
    said.put(None)


def _first_url(said: queue.Queue[str | None], timeout_s: float) -> str:
    lines = []
    while (line := said.get(timeout=timeout_s)) is not None:
        lines.append(line)
        if (match := re.search(r"https?://[\w.\[\]:]+/", line)) is not None:
            return match[0]
    raise AssertionError("the server did not start:\n" + "".join(lines))


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "desa_web.cli", *map(str, arguments)]


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith("DESA_")}
    return {**base, "PYTHONUNBUFFERED": "1", **(extra or {})}
