"""The desk in real Chromium: post news (journey 2) and approve (journey 4), phone and desktop.

Each journey runs with JavaScript and without, by keyboard alone, and every desk page is judged:
axe, targets, overflow, weight, CSP, third parties (the last two by the harness itself).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from desa_web.core.actor import Actor, Role, operator
from desa_web.core.site import Site
from desa_web.features.accounts import delegation, lent
from desa_web.features.accounts import service as accounts
from desa_web.features.media import service as media
from desa_web.features.news import queries, service
from desa_web.features.news.article import State, Text
from desa_web.features.news.workflow import Op
from desa_web.features.pages import queries as pages
from desa_web.features.pages import service as pages_service
from desa_web.features.pages.page import Text as PageText
from tests.browser.budgets import MODULES
from tests.browser.desk_site import desk, fill_body, press, served_village
from tests.harness.browser import Chromium, Tab
from tests.harness.photos import photo_file
from tests.harness.site import actor_as, client, post_form

WIDTHS = (360, 1280)
FIRST_LOAD_BYTES = 120_000
LONG_NAME = "Raden Ajeng Sitikusumawardhaningrumsariningtyas binti Haji Abdurrahmansyahputra"
LONG_TITLE = "Musyawarahperencanaanpembangunandesatahunanggaran2027 digelar 🎉👨‍👩‍👧 di pendopo"


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with served_village(tmp_path_factory.mktemp("desa")) as served:
        _fill(served[0])
        yield served


def _fill(site: Site) -> None:
    boss = operator(site)
    picture = media.add(
        actor_as(site, Role.REPORTER), photo_file(site.path.parent), caption="Warga", alt="Sawah"
    )
    for n in range(3):
        body = f'<p>Warga dusun {n} bekerja bakti.</p><figure data-foto="{picture.id}"></figure>'
        text = Text(title=f"Kerja bakti dusun {n}", body=body, lead_photo_id=picture.id)
        made = service.create(actor_as(site, Role.REPORTER), text)
        service.publish_now(boss, made.id)
    changed = Text(title="Kerja bakti dusun 2", body="<p>Warga dusun 2 bekerja sampai sore.</p>")
    service.save(boss, made.id, changed)
    service.act(boss, Op.SUBMIT, made.id)
    accounts.add(boss, "panjang", LONG_NAME, Role.EDITOR)
    long = service.create(accounts.actor_of(site, "panjang", "test"), Text(title=LONG_TITLE))
    service.save(boss, long.id, Text(title=LONG_TITLE, body="<p>Isi.</p>", byline=LONG_NAME))
    service.act(boss, Op.SUBMIT, long.id)
    profile = PageText(title="Profil", standfirst="", body="<p>Desa di tepi kali.</p>")
    pages_service.create(boss, profile)
    actor_as(site, Role.EDITOR, name="Laila Nur")
    day = lent.today(site)
    delegation.appoint(boss, "approver", "editor", day, day)
    draft = service.create(actor_as(site, Role.REPORTER), Text(title="Draf", body="<p>Isi.</p>"))
    service.open_for_edit(boss, draft.id)
    service.save(boss, draft.id, Text(title="Draf", body="<p>Lain.</p>"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("javascript", [True, False], ids=["js", "plain"])
def test_news_goes_from_the_reporter_to_the_readers(
    browser: Chromium, village: tuple[Site, str], width: int, javascript: bool
) -> None:
    """Journeys 2 and 4 in one go: write, photo, preview, hand in, approve, read."""
    site, url = village
    title = f"Jalan tani {width} {javascript}"
    with desk(browser, village, Role.REPORTER, width=width, javascript=javascript) as tab:
        page = tab.page
        tab.allow("Blocked script execution")  # the preview's frame may not run any
        page.goto(f"{url}/kelola/")
        page.get_by_role("link", name="Tulis berita").first.click()
        page.get_by_label("Judul", exact=True).fill(title)
        fill_body(page, "Warga bekerja bakti sejak pagi.", javascript)
        page.get_by_label("Rubrik").select_option("pembangunan")
        press(page, "Simpan")
        page.wait_for_url("**/kelola/berita/*")
        assert page.locator(".kabar").inner_text().startswith("Tersimpan di server")
        article_id = page.url.partition("#")[0].rsplit("/", 1)[1]
        if not javascript:
            page.locator("#photo").set_input_files(photo_file(site.path.parent, seed=width))
            press(page, "Kirim foto")
            page.get_by_label("Keterangan foto").fill("Warga memikul batu")
            page.get_by_label("Apa yang terlihat?").fill("Enam orang di jalan tanah")
        press(page, "Simpan dan lihat pratinjau")
        page.wait_for_url("**/pratinjau")
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("heading", level=1).inner_text() == title
        page.get_by_role("link", name="Kembali menulis").click()
        press(page, "Ajukan")
        page.wait_for_load_state()
        address = page.get_by_role("link", name="Kirim lewat WhatsApp").get_attribute("href")
        assert address is not None
        assert address.startswith("https://wa.me/?text=Mohon%20periksa")
    with desk(browser, village, Role.APPROVER, width=width, javascript=javascript) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/")
        page.get_by_role("link", name="menunggu Anda periksa").click()
        page.get_by_role("link", name=title).click()
        tab.allow("422")  # Chromium logs it: returning needs a note
        press(page, "Kembalikan")
        assert page.get_by_label("Catatan untuk penulis").get_attribute("aria-invalid") == "true"
        press(page, "Setujui dan terbitkan")
        page.wait_for_load_state()
        assert "sudah terbit" in page.locator(".kabar").inner_text()
    found, revision = queries.get(operator(site), article_id)
    assert found.state is State.PUBLISHED
    assert revision.text.rubric == "pembangunan"
    assert "<p>Warga bekerja bakti sejak pagi.</p>" in revision.text.body
    if not javascript:
        kept = media.get(revision.text.lead_photo_id)
        assert kept is not None
        assert kept.caption == "Warga memikul batu"
    with browser.open(width=width, javascript=javascript) as tab:
        tab.page.goto(f"{url}/berita/{found.slug}")
        assert tab.page.get_by_role("heading", level=1).inner_text() == title


def test_what_is_typed_before_the_editor_arrives_is_kept(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    """On 2G the editor comes seconds after the form: whoever has begun goes on as they were."""
    site, url = village
    with desk(browser, village, Role.REPORTER, width=360) as tab:
        page = tab.page
        held: list[Route] = []
        page.route("**/editor/editor.js", lambda route: held.append(route))
        page.goto(f"{url}/kelola/tulis", wait_until="commit")
        page.get_by_label("Judul", exact=True).fill("Sinyal lemah")
        page.locator("#body").fill("Ditulis **sebelum** editor tiba.")
        with page.expect_response("**/editor/editor.js"):
            held[0].continue_()
        page.unroute("**/editor/editor.js")
        page.wait_for_load_state()
        assert page.locator("#body").input_value() == "Ditulis **sebelum** editor tiba."
        press(page, "Simpan")
        page.wait_for_url("**/kelola/berita/*")
        article_id = page.url.rsplit("/", 1)[1]
    body = queries.get(operator(site), article_id)[1].text.body
    assert body == "<p>Ditulis <strong>sebelum</strong> editor tiba.</p>"


def test_the_whole_way_by_keyboard_alone(browser: Chromium, village: tuple[Site, str]) -> None:
    site, url = village
    with desk(browser, village, Role.ADMIN, width=1280) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/tulis")
        assert page.evaluate("document.activeElement.id") == "title"
        page.keyboard.type("Ditulis dengan papan ketik")
        page.locator("[contenteditable=true]").wait_for()
        tab_to(page, "document.activeElement.matches('[contenteditable=true]')")
        page.keyboard.type("Tanpa tetikus sama sekali.")
        page.keyboard.press("Control+s")
        page.wait_for_url("**/kelola/berita/*")
        words = "document.activeElement.textContent.includes('Terbitkan sekarang')"
        tab_to(page, words)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        assert "sudah terbit" in page.locator(".kabar").inner_text()
    assert any(i.title == "Ditulis dengan papan ketik" for i in queries.published(site))


def test_handing_in_and_approving_by_keyboard_alone(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    site, url = village
    made = service.create(
        actor_as(site, Role.REPORTER), Text(title="Lewat papan ketik", body="<p>Isi.</p>")
    )
    with desk(browser, village, Role.REPORTER, width=1280) as tab:
        tab.page.goto(f"{url}/kelola/berita/{made.id}")
        tab.page.locator("[contenteditable=true]").wait_for()
        tab_to(tab.page, "document.activeElement.value === 'submit'")
        tab.page.keyboard.press("Enter")
        tab.page.get_by_text("Sudah diajukan").wait_for()
    with desk(browser, village, Role.APPROVER, width=1280) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/periksa/{made.id}")
        tab_to(page, "document.activeElement.name === 'note'")
        page.keyboard.type("Tambah nama ketua RT.")
        tab_to(page, "document.activeElement.value === 'return'")
        page.keyboard.press("Enter")
        page.get_by_text("Dikembalikan dengan catatan Anda").wait_for()
        service.act(actor_as(site, Role.REPORTER), Op.SUBMIT, made.id)
        page.goto(f"{url}/kelola/periksa/{made.id}")
        tab_to(page, "document.activeElement.value === 'publish_now'")
        page.keyboard.press("Enter")
        page.get_by_text("sudah terbit").first.wait_for()
    assert queries.get(operator(site), made.id)[0].state is State.PUBLISHED


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "plain"])
def test_opening_and_saving_an_article_changes_nothing(
    browser: Chromium, village: tuple[Site, str], javascript: bool
) -> None:
    """The paste corpus, cleaned, as one article: its revision stays the same by every byte."""
    site, url = village
    corpus = Path(__file__).parents[1] / "corpus" / "paste"
    parts = [file.read_text(encoding="utf-8") for file in sorted(corpus.glob("*.expected.html"))]
    reporter = actor_as(site, Role.REPORTER)
    title = f"Semua tempelan {javascript}"
    made = service.create(reporter, Text(title=title, body="".join(parts)))
    article, revision = queries.get(reporter, made.id)
    with desk(browser, village, Role.REPORTER, width=360, javascript=javascript) as tab:
        tab.allow("404")  # photos that are in the corpus only
        tab.page.goto(f"{url}/kelola/berita/{made.id}")
        if javascript:
            tab.page.locator("form[data-autosave-ready]").wait_for()
        press(tab.page, "Simpan")
        tab.page.locator(".kabar").wait_for()
    after, kept = queries.get(reporter, made.id)
    assert (after, kept.id, kept.text) == (article, revision.id, revision.text)


def tab_to(page: Page, condition: str) -> None:
    """Press Tab until the focus is where the condition holds; fails after a whole round."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(condition):
            return
    raise AssertionError(f"the keyboard does not reach: {condition}")


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "plain"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_deputy_approves_while_the_head_is_away(
    browser: Chromium, village: tuple[Site, str], width: int, javascript: bool
) -> None:
    """Journey 4 with delegation: appointed on a phone, approved in another's name, ended early."""
    site, url = village
    boss = operator(site)
    for one in delegation.delegations(boss):
        if one.stage is not delegation.Stage.OVER:
            delegation.end(boss, one.id)
    title = f"Atas nama {width} {javascript}"
    made = service.create(actor_as(site, Role.REPORTER), Text(title=title, body="<p>Isi.</p>"))
    service.act(actor_as(site, Role.REPORTER), Op.SUBMIT, made.id)
    with desk(browser, village, Role.APPROVER, width=width, javascript=javascript) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/akun")
        page.get_by_role("link", name="Atur Plh").click()
        page.get_by_label("Yang ditunjuk").select_option(label="Laila Nur")
        page.get_by_label("Sampai dengan hari").fill("2020-01-01")
        tab.allow("422")
        press(page, "Tunjuk Plh")
        assert page.get_by_label("Sampai dengan hari").get_attribute("aria-invalid") == "true"
        page.get_by_label("Sampai dengan hari").fill(lent.today(site).isoformat())
        press(page, "Tunjuk Plh")
        page.get_by_text("berlaku sekarang").wait_for()
        assert tab.overflow_px() == 0
    with desk(browser, village, Role.EDITOR, width=width, javascript=javascript) as tab:
        page = tab.page
        page.goto(f"{url}/kelola/")
        assert "Anda Plh Hartini Lestari" in page.locator(".kotak-aman").first.inner_text()
        page.get_by_role("link", name="menunggu Anda periksa").click()
        page.get_by_role("link", name=title).click()
        assert "atas nama Hartini Lestari" in page.locator("#putus").inner_text()
        press(page, "Setujui dan terbitkan")
        page.wait_for_load_state()
        page.goto(f"{url}/kelola/berita/{made.id}/riwayat")
        said = page.locator(".riwayat").inner_text()
        assert "Laila Nur (Plh, atas nama Hartini Lestari) menyetujui" in said
    with desk(browser, village, Role.APPROVER, width=width, javascript=javascript) as tab:
        tab.page.goto(f"{url}/kelola/plh")
        tab.page.get_by_role("button", name="Akhiri").click()
        tab.page.get_by_text("bukan Plh lagi").wait_for()
    with desk(browser, village, Role.EDITOR, width=width, javascript=javascript) as tab:
        tab.allow("403")
        answer = tab.page.goto(f"{url}/kelola/periksa")
        assert answer is not None
        assert answer.status == 403


def test_trash_is_undone_with_one_tap(browser: Chromium, village: tuple[Site, str]) -> None:
    site, url = village
    reporter = actor_as(site, Role.REPORTER)
    made = service.create(reporter, Text(title="Terbuang", body="<p>Isi.</p>"))
    with desk(browser, village, Role.REPORTER, width=360, javascript=False) as tab:
        tab.page.goto(f"{url}/kelola/berita/{made.id}")
        press(tab.page, "Buang")
        assert "30 hari" in tab.page.locator(".kabar").inner_text()
        press(tab.page, "Batalkan")
        tab.page.wait_for_load_state()
    assert queries.get(reporter, made.id)[0].trashed_at is None


def test_the_drawer_of_the_bottom_bar_opens_without_a_script(
    browser: Chromium, village: tuple[Site, str]
) -> None:
    _site, url = village
    with desk(browser, village, Role.ADMIN, width=360, javascript=False) as tab:
        tab.page.goto(f"{url}/kelola/")
        tab.page.locator(".nav-bawah summary").click()
        tab.page.locator(".laci").get_by_role("link", name="Pengaturan").click()
        assert tab.page.url.endswith("/kelola/pengaturan/village")


def pages_of(site: Site) -> dict[str, tuple[str, Role]]:
    boss: Actor = operator(site)
    items = queries.desk(boss, limit=100)
    live = next(i for i in items if i.state is State.PUBLISHED and i.lead_photo_id)
    waiting = next(i for i in items if i.state is State.SUBMITTED and i.is_live)
    draft = next(i for i in items if i.title == "Draf")
    base = f"/kelola/berita/{draft.id}"
    newest, oldest, *_rest = service.revisions_of(boss, draft.id)
    person = accounts.user(boss, "reporter")
    (page,) = pages.tree(site)
    return {
        "home": ("/kelola/", Role.ADMIN),
        "home-reporter": ("/kelola/", Role.REPORTER),
        "new": ("/kelola/tulis", Role.REPORTER),
        "new-notice": ("/kelola/tulis?jenis=pengumuman", Role.ADMIN),
        "draft": (base, Role.REPORTER),
        "published": (f"/kelola/berita/{live.id}", Role.ADMIN),
        "read": (f"/kelola/berita/{live.id}", Role.REPORTER),
        "list": ("/kelola/berita", Role.ADMIN),
        "empty": ("/kelola/berita?tab=ditarik", Role.ADMIN),
        "not-found": ("/kelola/berita?cari=zzzz", Role.ADMIN),
        "review": (f"/kelola/periksa/{waiting.id}", Role.APPROVER),
        "past": (f"{base}/riwayat", Role.ADMIN),
        "compare": (f"{base}/banding?dari={oldest.id}&ke={newest.id}", Role.ADMIN),
        "preview": (f"{base}/pratinjau", Role.REPORTER),
        "rubrics": ("/kelola/rubrik", Role.ADMIN),
        "queue-empty": ("/kelola/periksa", Role.ADMIN),
        "users": ("/kelola/pengguna", Role.ADMIN),
        "user-new": ("/kelola/pengguna/baru", Role.ADMIN),
        "user": (f"/kelola/pengguna/{person.id}", Role.ADMIN),
        "account": ("/kelola/akun", Role.APPROVER),
        "deputies": ("/kelola/plh", Role.APPROVER),
        "deputies-admin": ("/kelola/plh", Role.ADMIN),
        "deputies-reporter": ("/kelola/plh", Role.REPORTER),
        "pages": ("/kelola/halaman", Role.ADMIN),
        "page-new": ("/kelola/halaman/baru", Role.ADMIN),
        "page": (f"/kelola/halaman/{page.id}", Role.ADMIN),
        "page-past": (f"/kelola/halaman/{page.id}/riwayat", Role.ADMIN),
        "menu": ("/kelola/menu", Role.ADMIN),
        "photos": ("/kelola/foto", Role.ADMIN),
        "settings": ("/kelola/pengaturan/look", Role.ADMIN),
        "settings-village": ("/kelola/pengaturan/village", Role.ADMIN),
    }


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)], ids=["phone", "desktop"])
def test_every_page_can_be_used_by_everybody(
    browser: Chromium, village: tuple[Site, str], width: int, dark: bool
) -> None:
    """axe 0, no target under 44 px, nothing wider than the screen, a light first load."""
    site, url = village
    problems = []
    for name, (path, role) in pages_of(site).items():
        with desk(browser, village, role, width=width, dark=dark) as tab:
            tab.allow("Blocked script execution")
            # A village's own network has no https, so no brotli either.
            tab.context.set_extra_http_headers({"Accept-Encoding": "gzip"})
            weight = _weigh(tab)
            answer = tab.page.goto(url + path)
            tab.page.wait_for_load_state()
            # What comes after, when the page can be used, is no first load: the sending of photos.
            first_load = sum(weight)
            assert answer is not None
            assert answer.status == 200, name
            found = [*tab.axe(), *tab.small_targets(), *[f"{n} px too wide" for n in
                     [tab.overflow_px()] if n]]  # fmt: skip
            problems += [f"{name}: {line}" for line in found]
            if name != "preview" and first_load > FIRST_LOAD_BYTES:
                problems.append(f"{name}: {first_load} bytes")
    assert problems == [], "\n".join(problems)


def test_the_html_checker_has_nothing_to_say(village: tuple[Site, str], tmp_path: Path) -> None:
    """The Nu checker reads every page as the server sends it, a refused form, too."""
    site, _url = village
    for name, (path, role) in pages_of(site).items():
        answer = client(site, actor_as(site, role)).get(path)
        (tmp_path / f"{name}.html").write_bytes(answer.data)
    web = client(site, actor_as(site, Role.ADMIN))
    refused = post_form(web, "/kelola/tulis", {"title": "", "body": "x", "initials": "x" * 99})
    (tmp_path / "refused.html").write_bytes(refused.data)
    jar = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
    files = sorted(map(str, tmp_path.iterdir()))
    command = ["java", "-Xss8m", "-jar", str(jar), "--format", "gnu", "--no-langdetect", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.stderr.splitlines() == []
    assert done.returncode == 0


def _weigh(tab: Tab) -> list[int]:
    """Return a list that fills with the sizes of what the page loads, pictures too."""
    sizes: list[int] = []
    session = tab.context.new_cdp_session(tab.page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda e: sizes.append(int(e["encodedDataLength"])))
    return sizes


@pytest.mark.parametrize("width", WIDTHS)
def test_a_lost_race_shows_both_texts(
    browser: Chromium, village: tuple[Site, str], width: int
) -> None:
    site, url = village
    reporter = actor_as(site, Role.REPORTER)
    made = service.create(reporter, Text(title=f"Berebut {width}", body="<p>Awal.</p>"))
    with desk(browser, village, Role.REPORTER, width=width, javascript=False) as tab:
        tab.page.goto(f"{url}/kelola/berita/{made.id}")
        theirs = Text(title=f"Berebut {width}", body="<p>Punya Redaksi.</p>")
        service.save(operator(site), made.id, theirs)
        tab.page.locator("#body").fill("Punya saya.")
        tab.allow("412")
        press(tab.page, "Simpan")
        assert "Punya Redaksi" in tab.page.locator(".beda").inner_text()
        assert tab.page.locator("#body").input_value() == "Punya saya."
        press(tab.page, "Simpan")
        tab.page.wait_for_load_state()
    assert queries.get(reporter, made.id)[1].text.body == "<p>Punya saya.</p>"
