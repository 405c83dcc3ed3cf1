"""Take the manual's and the README's pictures from a real village.

    python -m tests.browser.manual_pictures            all of them (a demo village, a minute or two)
    python -m tests.browser.manual_pictures tulis      only those
    python -m tests.browser.manual_pictures readme-beranda readme-tulis readme-periksa

Run it after a screen has changed, on a machine with the fonts of an Android phone (Noto Serif,
Roboto). The manual's are phone views, light, 360 px wide, at most 25,000 bytes each, in
content/help/id/gambar/*.webp; the README's are in docs/gambar/*.png.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

from desa_web.core.actor import Actor, operator
from desa_web.core.site import Site, open_site
from desa_web.features.accounts import delegation, lent, sessions
from desa_web.features.accounts import service as accounts
from desa_web.features.news import queries, service
from desa_web.features.news.article import State, Text
from desa_web.features.news.workflow import Op
from tests.harness.browser import FLAGS, program
from tests.harness.site import ROOT, run_desa, running

FOLDER = ROOT / "content" / "help" / "id" / "gambar"
README_FOLDER = ROOT / "docs" / "gambar"
README = "readme-"
README_WIDTH = 1000
BYTES_MAX = 25_000
SCALE = 1.5
WIDTH, HEIGHT = 360, 640


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: whose screen, where, what to do first, which part of it to keep."""

    login: str
    path: str
    prepare: Callable[[Page], None] = lambda _page: None
    part: str = ""
    height: int = HEIGHT
    width: int = WIDTH


def shots(site: Site) -> dict[str, Shot]:
    """Return all pictures by the name of their file."""
    boss = operator(site)
    waiting = _submitted(site)
    live = next(i for i in queries.desk(boss, limit=60) if i.is_live and i.lead_photo_id)
    draft = service.create(_as(site, "nur"), Text(title="Kerja bakti saluran", body=_BODY))
    sent = _submitted(site, "Taman baca menambah 40 judul")
    changed = _changed(site)
    return {
        "masuk": Shot("", "/masuk"),
        "beranda-kerja": Shot("laila", "/kelola/", height=760),
        "lainnya": Shot("bagus", "/kelola/", _open(".nav-bawah summary")),
        "keadaan": Shot("bagus", "/kelola/", part=".sisi .panel"),
        "tulis": Shot("nur", "/kelola/tulis", _write),
        "alat": Shot("laila", f"/kelola/berita/{draft.id}", _more_tools, ".editor, .kertas-tulis"),
        "foto": Shot("laila", f"/kelola/berita/{live.id}", part="#foto"),
        "rincian": Shot("laila", f"/kelola/berita/{draft.id}", part=".sisi-tulis .panel"),
        "sebelum-dikirim": Shot(
            "laila", f"/kelola/berita/{draft.id}", part='.panel[aria-labelledby="periksa"]'
        ),
        "pratinjau": Shot("laila", f"/kelola/berita/{live.id}/pratinjau", height=660),
        "whatsapp": Shot("nur", f"/kelola/berita/{sent}", part=".ajak"),
        "periksa": Shot("hartini", f"/kelola/periksa/{waiting}", height=700),
        "putusan": Shot("hartini", f"/kelola/periksa/{waiting}", part="#putus"),
        "jadwal": Shot("hartini", f"/kelola/periksa/{waiting}", _schedule, "#putus"),
        "plh": Shot("hartini", "/kelola/plh", height=620),
        "riwayat": Shot("bagus", f"/kelola/berita/{live.id}/riwayat"),
        "sampah": Shot("laila", "/kelola/berita?tab=sampah"),
        "pulih": Shot("nur", "/kelola/tulis", part=".pemberitahuan"),
        "luring": Shot("nur", "/kelola/", _cut),
        "halaman": Shot("bagus", "/kelola/halaman"),
        "menu": Shot("bagus", "/kelola/menu"),
        "rubrik": Shot("bagus", "/kelola/rubrik", height=560),
        "pengguna": Shot("bagus", "/kelola/pengguna"),
        "undang": Shot("bagus", "/kelola/pengguna/baru", height=700),
        "akun": Shot("nur", "/kelola/akun", part="main"),
        "pengaturan": Shot("bagus", "/kelola/pengaturan/work", height=640),
        README + "beranda": Shot("", "/", width=1280, height=960),
        README + "tulis": Shot("siti", "/kelola/tulis", _write, width=390, height=800),
        README + "periksa": Shot("hartini", f"/kelola/periksa/{changed}", width=1280, height=960),
    }


_BODY = (
    "<p>Warga RT 04 membersihkan saluran air sepanjang 200 meter pada Minggu pagi.</p>"
    "<p>“Air hujan jadi cepat surut,” kata Sumarni, warga setempat.</p>"
)


def main(names: list[str]) -> None:
    """Take the pictures named, or all, and remove those that nobody names any more."""
    FOLDER.mkdir(exist_ok=True)
    with demo() as (site, url), sync_playwright() as engine:
        _fill(site)
        browser = engine.chromium.launch(executable_path=program(), args=[*FLAGS, "--lang=id"])
        found = shots(site)
        for name in names or found:
            size = _take(browser, site, url, found[name], _file(name))
            print(f"{size:6} {name}")
        browser.close()
        if not names:
            for file in FOLDER.glob("*.webp"):
                if file.stem not in found:
                    file.unlink()


@contextmanager
def demo() -> Iterator[tuple[Site, str]]:
    """Give a served demo village in a scratch folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "situs"
        made = run_desa("init", folder, "--demo")
        assert made.returncode == 0, made.stderr
        site = open_site(folder)
        serve = ("--site", folder, "serve", "--port", "0")
        with site.bound(), running(*serve, timeout_s=120) as (_process, url):
            yield site, url.rstrip("/")
        site.close()


def _take(browser: Browser, site: Site, url: str, shot: Shot, target: Path) -> int:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=1 if target.suffix == ".png" else SCALE,
        color_scheme="light",
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        bypass_csp=True,
    )
    if shot.login:
        person = accounts.user(operator(site), shot.login)
        token = sessions.start(site, person, description="Chrome Android").token
        context.add_cookies([{"name": "desa_sesi", "value": token, "url": url}])
    page = context.new_page()
    page.goto(url + shot.path)
    page.wait_for_load_state("networkidle")
    shot.prepare(page)
    if shot.part:
        # The bars that float over the page would lie across a part of it.
        page.add_style_tag(
            content=".nav-bawah,.kaki-tulis,.keadaan,.alat-tulis{position:static!important}"
        )
        data = page.locator(shot.part).first.screenshot()
    else:
        data = page.screenshot()
    context.close()
    return _keep_flat(data, target) if target.suffix == ".png" else _keep(data, target)


def _file(name: str) -> Path:
    if name.startswith(README):
        return README_FOLDER / f"{name.removeprefix(README)}.png"
    return FOLDER / f"{name}.webp"


def _keep_flat(data: bytes, target: Path) -> int:
    """Write the picture in 256 colours, at most as wide as the README shows it."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if picture.width > README_WIDTH:
        height = round(picture.height * README_WIDTH / picture.width)
        picture = picture.resize((README_WIDTH, height), Image.Resampling.LANCZOS)
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2).save(target, optimize=True)
    return target.stat().st_size


def _keep(data: bytes, target: Path) -> int:
    """Write the picture as the best WebP below the limit; a long one is cut at its foot."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    size = (min(picture.width, 536), min(picture.height, round(900 * SCALE)))
    picture = picture.crop((0, 0, *size))
    picture = ImageOps.expand(picture, border=2, fill="#877962")
    for quality in range(80, 14, -6):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= BYTES_MAX:
            break
    target.write_bytes(out.getvalue())
    return out.tell()


def _as(site: Site, login: str) -> Actor:
    return accounts.actor_of(site, login, via="form")


def _fill(site: Site) -> None:
    """Bring the village to a day in its life: a deputy, a revision, something thrown away."""
    day = lent.today(site)
    span = (day + timedelta(days=9), day + timedelta(days=15))
    delegation.appoint(_as(site, "hartini"), "hartini", "laila", *span)
    gone = service.create(_as(site, "laila"), Text(title="Undangan rapat lama", body="<p>x</p>"))
    service.act(_as(site, "laila"), Op.TRASH, gone.id)


def _submitted(site: Site, title: str = "Lima belas warga belajar merajut") -> str:
    nur = _as(site, "nur")
    for item in queries.desk(operator(site), states=(State.SUBMITTED,), limit=50):
        if item.title == title:
            return item.id
    made = service.create(nur, Text(title=title, body=_BODY, rubric="kegiatan"))
    return service.act(nur, Op.SUBMIT, made.id).id


def _changed(site: Site) -> str:
    """Return an article that readers see, changed and handed in again."""
    laila = _as(site, "laila")
    found = queries.desk(laila, limit=60, states=(State.PUBLISHED,))
    live = next(i for i in found if i.title.startswith("Kader posyandu dilatih"))
    article, revision = queries.get(laila, live.id)
    body = revision.text.body
    for old, new in (("Dua puluh empat kader", "Dua puluh enam kader"), ("setengah", "satu")):
        assert old in body, old
        body = body.replace(old, new, 1)
    service.save(laila, live.id, replace(revision.text, body=body), version=article.version)
    return service.act(laila, Op.SUBMIT, live.id).id


def _open(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).click()


def _write(page: Page) -> None:
    page.get_by_label("Judul", exact=True).fill("Warga RT 04 bersihkan saluran air")
    page.locator(".ProseMirror").click()
    page.keyboard.type("Warga RT 04 membersihkan saluran air sepanjang 200 meter.")
    page.locator("[data-autosave-status][data-state=there]").wait_for()
    page.evaluate("scrollTo(0, 0)")


def _more_tools(page: Page) -> None:
    page.locator(".ProseMirror").click()


def _schedule(page: Page) -> None:
    page.get_by_label("Terbit pada").fill("2026-11-30T07:00")


def _cut(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("[data-offline]:not([hidden])").wait_for()


if __name__ == "__main__":
    main(sys.argv[1:])
