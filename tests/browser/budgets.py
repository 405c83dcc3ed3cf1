"""What a phone has to load and what readers meet: budgets of the public pages, measured.

    python -m tests.browser.budgets URL [--lighthouse 5] [--print DIR] [--shots DIR]

Walks through the site at URL, takes one page of every kind, and prints a table: bytes and requests
of a first visit with all pictures scrolled into view, of a second one, layout shift, width at
320 px, axe and the Nu HTML checker, largest paint on slow 3G (400 kbit/s, 400 ms), and with
--lighthouse N the median of N runs on Lighthouse's simulated 4G phone. `failures()` says what is
over a budget; the quick test uses the same functions. Needs `npm ci` in tests/browser for the Nu
checker and Lighthouse.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, Route

from tests.harness.browser import Chromium, Tab, chromium, program

MODULES = Path(__file__).parent / "node_modules"
KB = 1000
# Of a first visit: (bytes, requests). Pages that are not named here have those of a list.
VISIT = {"home": (150 * KB, 12), "article": (100 * KB, 12)}
OTHER_VISIT = (250 * KB, 32)
TEXT_BYTES, SCRIPT_BYTES, REPEAT_BYTES = 20 * KB, 3 * KB, 5 * KB
# Made anew for each reader, so never "not modified".
ANEW, ANEW_BYTES = ("search", "no result", "404", "410"), 8 * KB
# The budget for scripts is without headers, what is measured with those of at most two files.
HEADERS_BYTES = 1200
SHIFT, LARGEST_PAINT_S = 0.02, 3.0
SCORES = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}
# The first address of each kind is measured.
KINDS = {
    "home": r"/",
    "list": r"/berita/",
    "month": r"/berita/\d{4}/\d{2}/",
    "article": r"/berita/[a-z0-9-]+",
    "rubric": r"/rubrik/[a-z0-9-]+",
    "tag": r"/tag/[^/]+",
    "board": r"/pengumuman/",
    "page": r"/halaman/[a-z0-9-]+",
    "gallery": r"/galeri/",
    "album": r"/galeri/[a-z0-9-]+",
    "media kit": r"/media-kit/",
    "help": r"/bantuan/",
}
FIXED = {"search": "/cari?q=desa", "no result": "/cari?q=zzyzx", "404": "/tidak-ada"}
_SETTLED = """() => new Promise(done => {
  const step = () => {
    scrollBy(0, 400);
    if (scrollY + innerHeight < document.documentElement.scrollHeight - 2) setTimeout(step, 30);
    // A lazy picture that is not shown never loads.
    else Promise.all([...document.images].filter(i => i.offsetParent)
      .map(i => i.decode().catch(() => 0))).then(done);
  };
  step();
})"""
_WATCH = """
window.__shift = 0; window.__paint = 0;
new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput)
  window.__shift += e.value; }).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(l => { for (const e of l.getEntries()) window.__paint = e.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
"""


@dataclass(slots=True)
class Visit:
    """What one visit loaded: encoded bytes with headers, by kind of file."""

    requests: int = 0
    sizes: dict[str, float] = field(default_factory=dict)

    @property
    def size_bytes(self) -> float:
        return sum(self.sizes.values())

    @property
    def text_bytes(self) -> float:
        return sum(self.sizes.get(kind, 0) for kind in ("Document", "Stylesheet", "Script"))


@dataclass(slots=True)
class Measured:
    """One page."""

    kind: str
    path: str
    first: Visit
    repeat: Visit
    shift: float
    overflow_px: int
    axe: list[str]
    html: list[str]
    problems: list[str]

    def failures(self) -> list[str]:
        """Return what is over a budget, one sentence each."""
        again = ANEW_BYTES if self.kind in ANEW else REPEAT_BYTES
        most_bytes, most_requests = VISIT.get(self.kind, OTHER_VISIT)
        found = [
            (self.first.size_bytes > most_bytes, f"{self.first.size_bytes:.0f} bytes"),
            (self.first.requests > most_requests, f"{self.first.requests} requests"),
            (self.first.text_bytes > TEXT_BYTES, f"{self.first.text_bytes:.0f} bytes of text"),
            (self.first.sizes.get("Script", 0) > SCRIPT_BYTES + HEADERS_BYTES, "too much script"),
            (self.repeat.size_bytes > again, f"{self.repeat.size_bytes:.0f} again"),
            (self.shift > SHIFT, f"layout shift {self.shift:.3f}"),
            (self.overflow_px > 0, f"{self.overflow_px} px too wide at 320 px"),
        ]
        said = [f"{self.kind} {self.path}: {text}" for is_over, text in found if is_over]
        return said + [
            f"{self.kind} {self.path}: {p}" for p in self.axe + self.html + self.problems
        ]


def addresses(base: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return one address of each kind that the site links to, by walking through it."""
    seen, waiting = {"/"}, ["/"]
    kinds: dict[str, str] = {}
    while waiting and len(seen) < 400:
        path = waiting.pop(0)
        status, html = fetch(base, path)
        known = KINDS.items() if status == 200 else ()
        kind = next((k for k, pattern in known if re.fullmatch(pattern, path)), "")
        if kind == "article" and "Sampai</dt>" in html:
            kind = "announcement"
        if kind == "article" and "<figure" not in html:
            kind = "article without photo"
        if kind:
            kinds.setdefault(kind, path)
        for link in re.findall(r'href="(/[^"#?]*)"', html):
            if link not in seen and not link.startswith(("/kelola", "/masuk", "/media/", "/tema/")):
                seen.add(link)
                waiting.append(link)
    return {**kinds, **FIXED, **(extra or {})}


def measure(browser: Chromium, base: str, kind: str, path: str, html: list[str]) -> Measured:
    """Visit a page twice on a phone and once at 320 px; `html` is what the Nu checker said."""
    # Two physical pixels for each: most phones have two or more.
    with browser.open(width=360, device_scale_factor=2, strict=False) as tab:
        tab.page.add_init_script(_WATCH)
        first = _visit(tab, base + path)
        shift = float(tab.page.evaluate("window.__shift"))
        found = tab.axe()
        tab.page.goto("about:blank")
        repeat = _visit(tab, base + path)
        problems = [p for p in tab.watch.problems() if not _is_expected(kind, p)]
    with browser.open(width=320, strict=False) as tab:
        tab.page.goto(base + path)
        overflow = tab.overflow_px()
    return Measured(kind, path, first, repeat, shift, overflow, found, html, problems)


def largest_paint_s(browser: Chromium, url: str) -> float:
    """Return the largest contentful paint on slow 3G with nothing in the cache."""
    with browser.open(width=360, device_scale_factor=2, strict=False) as tab:
        tab.page.add_init_script(_WATCH)
        session = tab.context.new_cdp_session(tab.page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW_3G)
        tab.page.goto(url, wait_until="load", timeout=60_000)
        tab.page.wait_for_timeout(500)
        return float(tab.page.evaluate("window.__paint")) / 1000


def bare(browser: Chromium, url: str) -> list[str]:
    """Return what keeps a page from being read without JavaScript or without CSS."""
    found = []
    with browser.open(width=360, javascript=False, strict=False) as tab:
        tab.page.goto(url)
        if not tab.page.locator("h1").first.is_visible():
            found.append("no headline without JavaScript")
        menu = tab.page.locator("summary").first
        menu.click()
        if not tab.page.locator("nav a").first.is_visible():
            found.append("the menu does not open without JavaScript")
    with browser.open(width=360, strict=False) as tab:
        tab.page.route("**/*.css", lambda route: Route.abort(route))
        tab.page.goto(url)
        huge = tab.page.eval_on_selector_all(
            "svg", "all => all.filter(s => s.getBoundingClientRect().width > 100).length"
        )
        if huge:
            found.append(f"{huge} icons fill the screen without CSS")
        if not tab.page.locator("h1").first.is_visible():
            found.append("no headline without CSS")
        # Pictures have their own size then; text still breaks at the edge of the screen.
        if tab.page.locator("p").last.bounding_box()["width"] > 360:  # type: ignore[index]
            found.append("text wider than the screen without CSS")
    return found


def nu(base: str, pages: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the Nu HTML checker's messages for the pages, by kind; errors and warnings alike."""
    jar = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if not jar.exists():
        raise FileNotFoundError(f"{jar} is missing: run `npm ci` in tests/browser")
    with tempfile.TemporaryDirectory() as name:
        files = {}
        for number, (kind, path) in enumerate(pages.items()):
            file = Path(name) / f"{number}.html"
            file.write_text(fetch(base, path)[1], encoding="utf-8")
            files[file.name] = kind
        command = ["java", "-Xss8m", "-jar", str(jar), "--format", "json", "--no-langdetect"]
        done = subprocess.run(
            [*command, *(str(Path(name) / file) for file in files)],
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        found: dict[str, list[str]] = {kind: [] for kind in pages}
        for message in json.loads(done.stderr)["messages"]:
            kind = files[message["url"].rsplit("/", 1)[1]]
            found[kind].append(f"nu: {message['message']} (line {message.get('lastLine')})")
    return found


def lighthouse(url: str, runs: int) -> dict[str, float]:
    """Return the median scores of a simulated phone on 4G, 0 to 100."""
    scores: dict[str, list[float]] = {name: [] for name in SCORES}
    failures = 0
    while len(scores["seo"]) < runs:
        done = subprocess.run(
            [
                "node", str(MODULES / "lighthouse" / "cli" / "index.js"), url, "--quiet",
                "--output=json", f"--only-categories={','.join(SCORES)}",
                "--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic",
            ],
            capture_output=True, text=True, timeout=180, check=False,
            env={**os.environ, "CHROME_PATH": program()},
        )  # fmt: skip
        if done.returncode:
            # On a busy machine Chromium's trace is sometimes not there yet: no score, no verdict.
            failures += 1
            if failures > runs:
                raise RuntimeError(done.stderr[-2000:])
            continue
        report = json.loads(done.stdout)
        for name, values in scores.items():
            values.append(100 * float(report["categories"][name]["score"] or 0))
        failed = [a["id"] for a in report["audits"].values() if a.get("score") == 0]
        if failed:
            print("   lighthouse:", ", ".join(failed))
    return {name: statistics.median(values) for name, values in scores.items()}


def fetch(base: str, path: str) -> tuple[int, str]:
    """Return (status, text) of an address."""
    try:
        with urllib.request.urlopen(base + path, timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def _visit(tab: Tab, url: str) -> Visit:
    visit, kinds, done = Visit(), {}, []
    session: CDPSession = tab.context.new_cdp_session(tab.page)

    def begins(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            kinds[event["requestId"]] = event["type"]

    def answered(event: dict[str, Any]) -> None:
        # Nothing went over the line for what the browser still had.
        if event["response"].get("fromDiskCache") or event["response"].get("fromPrefetchCache"):
            kinds.pop(event["requestId"], None)

    session.on("Network.requestWillBeSent", begins)
    session.on("Network.responseReceived", answered)
    session.on("Network.requestServedFromCache", lambda e: kinds.pop(e["requestId"], None))
    session.on("Network.loadingFinished", lambda e: done.append(e))
    session.send("Network.enable")
    tab.page.goto(url, wait_until="load")
    tab.page.evaluate(_SETTLED)
    tab.page.wait_for_load_state("networkidle")
    for event in done:
        kind = kinds.get(event["requestId"])
        if kind is not None:
            visit.requests += 1
            visit.sizes[kind] = visit.sizes.get(kind, 0) + event["encodedDataLength"]
    session.detach()
    return visit


def _is_expected(kind: str, problem: str) -> bool:
    return kind in ("404", "410") and "status of 4" in problem


def report(base: str, pages: Mapping[str, str], browser: Chromium) -> list[Measured]:
    """Measure all pages and print the table."""
    messages = nu(base, pages)
    print(f"{'page':22}{'bytes':>8}{'text':>7}{'js':>6}{'req':>5}{'again':>7}{'CLS':>7}{'320':>5}"
          f"{'axe':>5}{'nu':>4}{'LCP 3G':>8}  without")  # fmt: skip
    found = []
    for kind, path in pages.items():
        one = measure(browser, base, kind, path, messages[kind])
        paint = largest_paint_s(browser, base + path)
        without = bare(browser, base + path)
        if paint > LARGEST_PAINT_S:
            one.problems.append(f"largest paint after {paint:.2f} s on slow 3G")
        one.problems += without
        first = one.first
        print(f"{kind:22}{first.size_bytes:8.0f}{first.text_bytes:7.0f}"
              f"{first.sizes.get('Script', 0):6.0f}{first.requests:5}{one.repeat.size_bytes:7.0f}"
              f"{one.shift:7.3f}{one.overflow_px:5}{len(one.axe):5}{len(one.html):4}{paint:7.2f}s"
              f"  {'; '.join(without) or 'readable'}", flush=True)  # fmt: skip
        found.append(one)
    return found


def pictures(browser: Chromium, base: str, pages: Mapping[str, str], folder: Path) -> None:
    """Save screenshots for people to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, path in pages.items():
        for width in (360, 1280):
            for dark in (False, True):
                with browser.open(width=width, dark=dark, strict=False) as tab:
                    tab.page.goto(base + path)
                    tab.page.evaluate(_SETTLED)
                    tab.page.evaluate("scrollTo(0, 0)")
                    look = "dark" if dark else "light"
                    tab.screenshot(folder / f"{kind.replace(' ', '-')}-{width}-{look}.png")


def printed(page: Page, url: str, file: Path) -> None:
    """Save the page as it would come out of a printer, on A4."""
    page.goto(url)
    page.evaluate(_SETTLED)
    page.pdf(path=file, format="A4", prefer_css_page_size=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pages", default="", help="kinds, separated by commas")
    parser.add_argument("--gone", default="", help="path of a withdrawn article")
    parser.add_argument("--lighthouse", type=int, default=0, metavar="RUNS")
    parser.add_argument("--print", type=Path, metavar="DIR")
    parser.add_argument("--shots", type=Path, metavar="DIR")
    options = parser.parse_args()
    base = options.url.rstrip("/")
    pages = addresses(base, {"410": options.gone} if options.gone else {})
    if options.pages:
        pages = {kind: pages[kind] for kind in options.pages.split(",")}
    over: list[str] = []
    with chromium() as browser:
        if options.shots:
            pictures(browser, base, pages, options.shots)
        else:
            over += [line for one in report(base, pages, browser) for line in one.failures()]
        if options.print:
            options.print.mkdir(parents=True, exist_ok=True)
            with browser.open(width=800, touch=False, strict=False) as tab:
                printed(tab.page, base + pages["article"], options.print / "article.pdf")
    if options.lighthouse:
        over += _lighthouse(base, pages, options.lighthouse)
    for line in over:
        print("OVER:", line)
    return bool(over)


def _lighthouse(base: str, pages: Mapping[str, str], runs: int) -> Iterable[str]:
    for kind in ("home", "article", "list"):
        if kind not in pages:
            continue
        scores = lighthouse(base + pages[kind], runs)
        print(f"lighthouse {kind}: {scores}", flush=True)
        for name, least in SCORES.items():
            if scores[name] < least:
                yield f"{kind}: lighthouse {name} {scores[name]:.0f}"


if __name__ == "__main__":
    sys.exit(main())
