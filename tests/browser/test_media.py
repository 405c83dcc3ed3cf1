"""Sending photos and tending the library in real Chromium, phone and desktop."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Error, expect

from desa_web.core.actor import Role, operator
from desa_web.core.clock import SystemClock
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.media import emblem, library, masters, service
from desa_web.features.media.library import Filter
from desa_web.features.media.photo import Photo
from desa_web.features.news import queries
from tests.harness.browser import Chromium, Tab
from tests.harness.photos import pdf, photo
from tests.harness.site import actor_as, make_site, serving
from tests.harness.slow_link import SlowLink


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    site = make_site(tmp_path_factory.mktemp("desa"), clock=SystemClock(), village_name="Sukamaju")
    with site.bound(), serving(site) as url:
        yield site, url.rstrip("/")
    site.close()


@contextmanager
def _signed_in(
    browser: Chromium, village: tuple[Site, str], role: Role, *, width: int = 360, **options: bool
) -> Iterator[Tab]:
    site, url = village
    person = accounts.user(operator(site), actor_as(site, role).user_id or "")
    token = sessions.start(site, person, description="tests").token
    with browser.open(width=width, **options) as tab:
        tab.context.add_cookies([{"name": "desa_sesi", "value": token, "url": url}])
        yield tab


def _named(site: Site, name: str) -> list[str]:
    """Return the ids of the photos with this name."""
    return [p.id for p in library.photos(site, Filter(), limit=1000).photos if p.name == name]


def _sent(name: str, data: bytes, mime: str = "image/jpeg") -> dict[str, object]:
    return {"name": name, "mimeType": mime, "buffer": data}


def test_many_photos_are_sent_one_after_the_other_with_progress(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with _signed_in(browser, village, Role.REPORTER) as tab:
        tab.page.goto(f"{url}/kelola/foto")
        files = [
            _sent("satu.jpg", photo(1)),
            _sent("rusak.jpg", b"\xff\xd8\xff\xe0 bukan foto"),
            _sent("dua.jpg", photo(2)),
            _sent("perdes.pdf", pdf(), "application/pdf"),
        ]
        tab.page.locator("#unggah-berkas").set_input_files(files)  # type: ignore[arg-type]
        rows = tab.page.locator(".unggah-satu")
        expect(rows).to_have_count(4)
        expect(tab.page.get_by_text("Sudah di server")).to_have_count(3)
        expect(rows.nth(1)).to_contain_text("Kirim ulang dari galeri ponsel")
        expect(rows.nth(1).get_by_role("button", name="Coba lagi")).to_be_visible()
        expect(rows.nth(0).get_by_role("link", name="Lengkapi keterangan")).to_be_visible()
        expect(rows.nth(3).get_by_role("link", name="Lihat di daftar dokumen")).to_be_visible()
        assert tab.axe() == []
        assert tab.overflow_px() == 0
        assert tab.small_targets() == []
        # A refusal is an answer that the browser logs.
        tab.allow("422")
    assert [len(_named(site, name)) for name in ("satu.jpg", "dua.jpg", "rusak.jpg")] == [1, 1, 0]


def test_a_large_photo_is_shrunk_before_it_is_sent(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    out = io.BytesIO()
    noise = Image.effect_noise((1600, 1200), 60).resize((4000, 3000)).convert("RGB")
    noise.save(out, "JPEG", quality=96)
    with _signed_in(browser, village, Role.REPORTER) as tab:
        sizes: list[int] = []
        tab.page.on(
            "request",
            lambda r: (
                sizes.append(int(r.headers["upload-length"]))
                if "upload-length" in r.headers
                else None
            ),
        )
        tab.page.goto(f"{url}/kelola/foto")
        tab.page.locator("#unggah-berkas").set_input_files(
            [_sent("besar.jpg", out.getvalue())]  # type: ignore[list-item]
        )
        expect(tab.page.get_by_text("Sudah di server")).to_be_visible()
    assert sizes[0] < 0.6 * len(out.getvalue())
    kept = service.get(_named(site, "besar.jpg")[0])
    assert kept is not None
    assert (kept.width_px, kept.height_px) == (2560, 1920)


def test_a_photo_survives_a_line_that_breaks(browser: Chromium, village: tuple[Site, str]) -> None:
    site, url = village
    port = urlsplit(url).port or 0
    data = photo(5, (1600, 1100))
    # The page itself takes some kilobytes of requests; then the parts are cut three times.
    cuts = [60_000, 90_000, 40_000]
    with SlowLink(port, cut_after=cuts) as link:
        place = (site, f"http://127.0.0.1:{link.port}")
        with _signed_in(browser, place, Role.REPORTER) as tab:
            tab.page.goto(f"{place[1]}/kelola/foto")
            tab.page.locator("#unggah-berkas").set_input_files(
                [_sent("putus.jpg", data)]  # type: ignore[list-item]
            )
            done = tab.page.get_by_text("Sudah di server")
            expect(done).to_be_visible(timeout=40_000)
            tab.allow("ERR_")
        assert link.cuts_done == 3
    assert len(_named(site, "putus.jpg")) == 1


def test_pause_holds_one_photo_and_the_others_go_on(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with _signed_in(browser, village, Role.REPORTER) as tab:
        tab.page.goto(f"{url}/kelola/foto")
        # Every part waits at the door until the test opens it.
        held: list[object] = []
        tab.page.route("**/api/v1/uploads/*", lambda route: held.append(route))
        tab.page.locator("#unggah-berkas").set_input_files(
            [_sent("jeda.jpg", photo(6)), _sent("jalan.jpg", photo(7))]  # type: ignore[list-item]
        )
        first = tab.page.locator(".unggah-satu").nth(0)
        second = tab.page.locator(".unggah-satu").nth(1)
        while not held:
            tab.page.wait_for_timeout(20)
        first.get_by_role("button", name="Jeda: jeda.jpg").click()
        expect(first).to_contain_text("Dijeda")
        # What the first gave up would go on when nothing holds it any more.
        with suppress(Error):
            held[0].abort()  # type: ignore[attr-defined]
        tab.page.unroute_all()
        for route in held[1:]:
            _let_go(route)
        expect(second).to_contain_text("Sudah di server")
        expect(first).to_contain_text("Dijeda")
        assert _named(site, "jeda.jpg") == []
        first.get_by_role("button", name="Lanjutkan: jeda.jpg").click()
        expect(first).to_contain_text("Sudah di server")
        tab.allow("ERR_")
    assert len(_named(site, "jeda.jpg")) == 1


def test_a_photo_dropped_on_the_article_can_be_put_into_the_text(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with _signed_in(browser, village, Role.REPORTER, width=1280) as tab:
        tab.page.goto(f"{url}/kelola/tulis")
        assert tab.page.locator("[data-unggah]").is_visible()
        data = tab.page.evaluate_handle(
            """bytes => { const box = new DataTransfer();
            box.items.add(new File([new Uint8Array(bytes)], "jatuh.jpg", {type: "image/jpeg"}));
            return box; }""",
            list(photo(8)),
        )
        tab.page.dispatch_event("[data-unggah]", "drop", {"dataTransfer": data})
        expect(tab.page.get_by_text("Sudah di server")).to_be_visible()
        events = tab.page.evaluate_handle(
            """() => { const heard = [];
            document.addEventListener("desa:foto", e => heard.push(e.detail.id)); return heard; }"""
        )
        tab.page.get_by_role("button", name="Sisipkan ke naskah").click()
        photo_id = _named(site, "jatuh.jpg")[0]
        assert events.json_value() == [photo_id]
        written = tab.page.evaluate(
            "() => document.querySelector('textarea[name=body]').value"
            " + (document.querySelector('.ProseMirror') || {innerHTML: ''}).innerHTML"
        )
        assert photo_id in written


def test_photos_of_an_article_are_put_into_it_by_one_press(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with _signed_in(browser, village, Role.REPORTER) as tab:
        tab.page.goto(f"{url}/kelola/tulis")
        tab.wait("document.querySelector('form[data-autosave-ready]') !== null")
        tab.page.get_by_label("Judul", exact=True).fill("Lima foto sekaligus")
        tab.page.locator(".ProseMirror").click()
        tab.page.keyboard.type("Kerja bakti.")
        files = [_sent(f"bakti-{n}.jpg", photo(40 + n)) for n in range(3)]
        tab.page.locator("#unggah-berkas").set_input_files(files)  # type: ignore[arg-type]
        expect(tab.page.get_by_text("Sudah di server, jadi foto utama")).to_be_visible()
        expect(tab.page.get_by_text("Sudah di server", exact=True)).to_have_count(2)
        # Whoever forgets them is told once.
        tab.page.get_by_role("button", name="Simpan", exact=True).last.click()
        expect(tab.page.get_by_text("2 foto sudah di server tetapi belum ada")).to_be_visible()
        assert tab.page.url.endswith("/kelola/tulis")
        tab.page.get_by_role("button", name="Sisipkan 2 foto ke naskah").click()
        expect(tab.page.get_by_text("belum ada di naskah")).to_have_count(0)
        assert not tab.page.get_by_role("button", name="Sisipkan 2 foto").is_visible()
        tab.page.get_by_role("button", name="Simpan", exact=True).last.click()
        tab.page.wait_for_url("**/kelola/berita/*")
    lead, *others = (_named(site, f"bakti-{n}.jpg")[0] for n in range(3))
    (made,) = [i for i in queries.desk(operator(site)) if i.title == "Lima foto sekaligus"]
    text = queries.get(operator(site), made.id)[1].text
    assert text.lead_photo_id == lead
    figures = "".join(f'<figure data-foto="{one}"></figure>' for one in others)
    assert text.body == f"<p>Kerja bakti.</p>{figures}"


def test_a_pasted_picture_is_sent_and_a_pasted_text_is_left_alone(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    paste = """([bytes, withText]) => { const box = new DataTransfer();
        box.items.add(new File([new Uint8Array(bytes)], "tempel.jpg", {type: "image/jpeg"}));
        if (withText) box.setData("text/html", "<p>Kerja bakti</p>");
        const event = new ClipboardEvent("paste",
            {clipboardData: box, bubbles: true, cancelable: true});
        return document.body.dispatchEvent(event); }"""
    with _signed_in(browser, village, Role.REPORTER, width=1280) as tab:
        tab.page.goto(f"{url}/kelola/foto")
        # Word puts a picture of the text beside the text: the text is meant.
        assert tab.page.evaluate(paste, [list(photo(31)), True])
        assert tab.page.locator(".unggah-satu").count() == 0
        assert not tab.page.evaluate(paste, [list(photo(31)), False])
        expect(tab.page.get_by_text("Sudah di server")).to_be_visible()
        assert len(_named(site, "tempel.jpg")) == 1


def test_the_part_that_must_stay_visible_is_chosen_on_the_photo(
    browser: Chromium, village: tuple[Site, str], tmp_path: Path
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(photo(33, (800, 600)))
    site, url = village
    kept = service.add(actor_as(site, Role.EDITOR), file)
    with _signed_in(browser, village, Role.EDITOR) as tab:
        tab.page.goto(f"{url}/kelola/foto/{kept.id}")
        tab.page.get_by_label("Kanan bawah").check(force=True)
        tab.page.get_by_role("button", name="Simpan", exact=True).click()
        expect(tab.page.get_by_text("Tersimpan.")).to_be_visible()
    found = service.get(kept.id)
    assert found is not None
    assert found.focus == "br"


def test_the_village_sends_its_emblem_from_the_settings(
    browser: Chromium, village: tuple[Site, str], tmp_path: Path
) -> None:
    site, url = village
    file = tmp_path / "lambang.png"
    Image.new("RGBA", (300, 340), (180, 40, 50, 200)).save(file)
    with _signed_in(browser, village, Role.ADMIN) as tab:
        tab.page.goto(f"{url}/kelola/pengaturan/look")
        tab.page.get_by_role("link", name="Lambang").click()
        assert tab.axe() == []
        assert tab.overflow_px() == 0
        tab.page.get_by_label("Berkas lambang").set_input_files(file)
        tab.page.get_by_role("button", name="Pakai lambang ini").click()
        expect(tab.page.get_by_text("Lambang dipakai di semua halaman.")).to_be_visible()
        tab.page.goto(url)
        shown = tab.page.locator("img.lambang")
        assert shown.get_attribute("src", timeout=5000) == emblem.url(_chosen(site))
        assert shown.evaluate("one => one.complete && one.naturalWidth > 0")


def _chosen(site: Site) -> Photo:
    found = emblem.chosen(site)
    assert found is not None
    return found


@pytest.mark.parametrize("width", [360, 1280])
def test_the_librarys_pages_are_fit_for_everybody(
    browser: Chromium, village: tuple[Site, str], tmp_path: Path, width: int
) -> None:
    site, url = village
    file = tmp_path / "a.jpg"
    file.write_bytes(photo(20 + width, (800, 600)))
    kept = service.add(actor_as(site, Role.EDITOR), file, caption="Panen.", alt="Sawah.")
    with _signed_in(browser, village, Role.EDITOR, width=width) as tab:
        for path in ("/kelola/foto", f"/kelola/foto/{kept.id}", "/kelola/album", "/kelola/dokumen"):
            tab.page.goto(url + path)
            assert tab.axe() == [], path
            assert tab.overflow_px() == 0, path
            assert tab.small_targets() == [], path


def test_without_javascript_the_form_sends_photos(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    with _signed_in(browser, village, Role.REPORTER, javascript=False) as tab:
        tab.page.goto(f"{url}/kelola/foto")
        tab.page.locator("#unggah-berkas").set_input_files(
            [_sent("polos.jpg", photo(30))]  # type: ignore[list-item]
        )
        tab.page.get_by_role("button", name="Kirim", exact=True).click()
        expect(tab.page.get_by_text("Foto sudah masuk")).to_be_visible()
        tab.page.get_by_label("Apa yang terlihat?").fill("Sawah.")
        tab.page.get_by_label("Kiri atas").check()
        tab.page.get_by_role("button", name="Simpan", exact=True).click()
        expect(tab.page.get_by_text("Tersimpan.")).to_be_visible()
    kept = service.get(_named(site, "polos.jpg")[0])
    assert kept is not None
    assert (kept.alt, kept.focus) == ("Sawah.", "tl")
    assert masters.path_of(site, kept.master_sha256).exists()


def _let_go(route: object) -> None:
    from contextlib import suppress

    from playwright.sync_api import Error

    # The request of a paused photo is gone already.
    with suppress(Error):
        route.continue_()  # type: ignore[attr-defined]
