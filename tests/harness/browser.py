"""Real Chromium, driven from Python, with everything a page says or asks for kept.

with chromium() as browser:                       one browser for many pages (a fixture)
    with browser.open(width=360) as tab:          JavaScript on; light; online
        tab.page.goto(url)                        `page` is Playwright's own Page
        tab.page.get_by_role("button", name="Simpan").click()
        assert tab.axe() == []
    # leaving the block fails the test if the page broke the CSP, called another host, logged an
    # error or threw; tab.allow(r"...") names what a test expects

with mortal_browser(profile) as mortal:           a browser with a profile that may be killed
    mortal.page.goto(url); mortal.kill()          SIGKILL to all its processes
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--no-default-browser-check",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
_LISTEN = """addEventListener('securitypolicyviolation', e => window.__violation(
  `${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`))"""
_RUN_AXE = """async ([within, without]) => {
  const found = await axe.run(within ? {include: [within], exclude: without} : document);
  return found.violations.map(v => `${v.id} (${v.impact}): ${v.help}: `
    + v.nodes.map(n => n.target.join(' ')).join(' | '));
}"""


@dataclass
class Watch:
    """What a page did besides what the test looks at. No slots: Playwright marks its listeners."""

    own_host: str = ""
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return what no page of ours may do, without what the test allowed."""
        found = [f"CSP: {v}" for v in self.violations]
        found += [f"console: {e}" for e in self.errors]
        found += [f"third party: {u}" for u in self.foreign]
        return [line for line in found if not any(re.search(p, line) for p in self.allowed)]

    def follow(self, context: BrowserContext) -> None:
        """Begin to note what pages of `context` do."""
        context.expose_binding("__violation", lambda _source, text: self.violations.append(text))
        context.add_init_script(_LISTEN)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("http", "https", "ws", "wss"):
            return
        self.requests.append(request.url)
        # The first page asked for says which host is ours.
        self.own_host = self.own_host or url.netloc
        if url.netloc != self.own_host:
            self.foreign.append(request.url)


@dataclass(slots=True)
class Tab:
    """One page in a context of its own: own cookies, own storage."""

    page: Page
    watch: Watch
    has_javascript: bool = True

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def allow(self, pattern: str) -> None:
        """Expect problems that match `pattern` (a regular expression)."""
        self.watch.allowed.append(pattern)

    def offline(self, is_offline: bool = True) -> None:
        """Cut or restore the network of the page; the browser knows it is offline."""
        self.context.set_offline(is_offline)

    def axe(self, within: str = "", without: tuple[str, ...] = ()) -> list[str]:
        """Return axe's violations, one line each; `within` is a CSS selector."""
        assert self.has_javascript, "axe waits for timers that never run without JavaScript"
        return axe(self.page, within, without)

    def overflow_px(self) -> int:
        """Return by how much the page is wider than the window; 0 is right."""
        return int(
            self.page.evaluate(
                "(e => Math.max(0, e.scrollWidth - e.clientWidth))(document.documentElement)"
            )
        )

    def small_targets(self, selector: str = "a, button, input, select, textarea") -> list[str]:
        """Return what can be seen and tapped but is lower than 44 px or narrower than 44."""
        return list(self.page.eval_on_selector_all(selector, _SMALL_TARGETS))

    def wait(self, expression: str, timeout_s: float = 15) -> Any:
        """Wait until a JavaScript expression is true in the page; return its value."""
        return wait(self.page, expression, timeout_s)

    def screenshot(self, path: Path, *, full: bool = True) -> Path:
        """Save a picture of the page, for people to look at."""
        self.page.screenshot(path=path, full_page=full)
        return path


# Links inside running text are exempt (WCAG 2.5.8), and what is only there for screen readers.
_SMALL_TARGETS = """nodes => nodes.filter(n => {
  const box = n.getBoundingClientRect();
  if (box.width < 2 || box.height < 2 || getComputedStyle(n).visibility === 'hidden') return false;
  if (n.type === 'hidden' || (n.tagName === 'A' && getComputedStyle(n).display === 'inline'))
    return false;
  const label = n.labels && n.labels[0] ? n.labels[0].getBoundingClientRect() : box;
  return Math.max(box.height, label.height) < 43.9 || Math.max(box.width, label.width) < 43.9;
}).map(n => { const b = n.getBoundingClientRect();
  return `${n.tagName.toLowerCase()} "${(n.getAttribute('aria-label') || n.textContent || n.name
    || '').trim().slice(0, 40)}" ${Math.round(b.width)}x${Math.round(b.height)}`; })"""


@dataclass(slots=True)
class Chromium:
    """A running browser; `open` gives fresh tabs."""

    browser: Browser

    @contextmanager
    def open(
        self,
        *,
        width: int = 360,
        height: int = 0,
        javascript: bool = True,
        dark: bool = False,
        touch: bool | None = None,
        strict: bool = True,
        **options: Any,
    ) -> Iterator[Tab]:
        """Give a tab; below 600 px it is a phone. `strict`: problems fail the test at the end."""
        is_phone = width < 600 if touch is None else touch
        context = self.browser.new_context(
            viewport={"width": width, "height": height or (740 if is_phone else 900)},
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            has_touch=is_phone,
            is_mobile=is_phone,
            locale="id-ID",
            timezone_id="Asia/Jakarta",
            **options,
        )
        context.set_default_timeout(15_000)
        watch = Watch()
        watch.follow(context)
        try:
            tab = Tab(context.new_page(), watch, javascript)
            yield tab
            if strict:
                assert watch.problems() == []
        finally:
            context.close()


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start Chromium; CHROMIUM names another program than the one on the path."""
    with _playwright() as engine:
        browser = engine.chromium.launch(executable_path=program(), args=list(FLAGS))
        try:
            yield Chromium(browser)
        finally:
            browser.close()


def wait(page: Page, expression: str, timeout_s: float = 15) -> Any:
    """Wait until a JavaScript expression is true. Playwright's own wait needs eval in the page."""
    return _wait_for(lambda: page.evaluate(expression), expression, timeout_s)


def axe(page: Page, within: str = "", without: tuple[str, ...] = ()) -> list[str]:
    """Return axe's violations on the page; its script comes by CDP, so the CSP stays as it is."""
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    return list(page.evaluate(_RUN_AXE, [within, list(without)]))


def program() -> str:
    """Return the path of Chromium. Fails with the sentence that helps."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: run `make test`, or set CHROMIUM to its path"
    return found


@dataclass(slots=True)
class Mortal:
    """A browser of its own process group with a profile on disk."""

    process: subprocess.Popen[bytes]
    context: BrowserContext
    page: Page
    watch: Watch

    def kill(self) -> None:
        """Kill -9 all processes of the browser and wait until none is left."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)
        _wait_for(lambda: not _group_lives(self.process.pid), "browser processes are gone")


class Killers:
    """Starts browsers on profiles; one Playwright for all of them."""

    def __init__(self, engine: Playwright) -> None:
        self._engine = engine

    @contextmanager
    def start(self, profile: Path, *, width: int = 360) -> Iterator[Mortal]:
        """Start a browser on `profile`, kept when it ends; it may be killed at any moment."""
        process = _launch(profile, width)
        try:
            port = _devtools_port(profile, process)
            browser = self._engine.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            context = browser.contexts[0]
            context.set_default_timeout(15_000)
            watch = Watch()
            watch.follow(context)
            mortal = Mortal(process, context, context.new_page(), watch)
            try:
                yield mortal
            finally:
                with suppress(Exception):  # the connection is gone after a kill
                    browser.close()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)
            _wait_for(lambda: not _group_lives(process.pid), "browser processes are gone")


@contextmanager
def killers() -> Iterator[Killers]:
    """Give what starts browsers that may be killed."""
    with _playwright() as engine:
        yield Killers(engine)


@contextmanager
def mortal_browser(profile: Path, *, width: int = 360) -> Iterator[Mortal]:
    """Start one browser that may be killed; for several use `killers()`."""
    with killers() as starter, starter.start(profile, width=width) as mortal:
        yield mortal


@contextmanager
def _playwright() -> Iterator[Playwright]:
    # The driver is a node process; it needs no download of Playwright's own browsers.
    os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_GC", "1")
    with sync_playwright() as engine:
        yield engine


def _launch(profile: Path, width: int) -> subprocess.Popen[bytes]:
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    # A killed browser leaves its lock; a link, whether its target lives or not.
    for lock in profile.glob("Singleton*"):
        lock.unlink(missing_ok=True)
    return subprocess.Popen(
        [
            program(), "--headless", *FLAGS, "--remote-debugging-port=0",
            f"--user-data-dir={profile}", f"--window-size={width},740", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def _devtools_port(profile: Path, process: subprocess.Popen[bytes]) -> str:
    file = profile / "DevToolsActivePort"

    def port() -> str:
        assert process.poll() is None, "Chromium ended at once"
        lines = file.read_text().splitlines() if file.exists() else []
        return str(lines[0]) if len(lines) > 1 else ""

    return str(_wait_for(port, "Chromium's debugging port"))


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return any(_state(p) not in ("Z", "X", "") for p in _members(group))


def _members(group: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                found.append(int(stat.parent.name))
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _wait_for(condition: Any, what: str, timeout_s: float = 30) -> Any:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout_s} s in vain for: {what}")


def _show(url: str) -> None:
    """`python -m tests.harness.browser URL`: say what a page does wrong, for a quick look."""
    with chromium() as browser, browser.open(width=360, strict=False) as tab:
        tab.page.goto(url)
        for line in (*tab.watch.problems(), *tab.axe(), *tab.small_targets()):
            print(line)
        print("overflow", tab.overflow_px(), "px")
        print(tab.screenshot(Path(tempfile.gettempdir()) / "page.png"))


if __name__ == "__main__":
    _show(sys.argv[1])
