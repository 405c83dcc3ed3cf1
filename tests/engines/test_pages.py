"""The page store: what is kept, what is withdrawn, what a bad disk may do."""

import gzip
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.engines.pages import Page, PageStore
from desa_web.engines.pages import store as store_module

HTML = [("Content-Type", "text/html; charset=utf-8")]


def page_of(text: str) -> Page:
    return Page.of_body("200 OK", HTML, (text * 60).encode())


def keep(store: PageStore, target: str, text: str, *keys: str) -> bool:
    return store.put(target, page_of(text), keys, store.generation())


def body_of(store: PageStore, target: str) -> bytes | None:
    page = store.get(target)
    return None if page is None else page.body


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "pages"


@pytest.fixture
def store(folder: Path) -> Iterator[PageStore]:
    opened = PageStore(folder, "satu")
    yield opened
    opened.close()


def test_a_kept_page_comes_back_after_a_restart(folder: Path) -> None:
    first = PageStore(folder, "satu")
    assert keep(first, "/berita/", "daftar", "list:news")
    first.close()
    second = PageStore(folder, "satu")
    page = second.get("/berita/")
    assert page is not None
    assert page.body == b"daftar" * 60
    assert page.gz is not None
    assert gzip.decompress(page.gz) == page.body
    assert page.status == "200 OK"
    assert second.stats()["loads"] == 1
    second.close()


def test_a_kill_without_power_cut_keeps_pages(folder: Path) -> None:
    script = (
        "import os,sys\nfrom pathlib import Path\nfrom desa_web.engines.pages import *\n"
        "s=PageStore(Path(sys.argv[1]),'satu')\n"
        "p=Page.of_body('200 OK',[('Content-Type','text/html')],b'isi'*100)\n"
        "assert s.put('/',p,{'menu'},s.generation())\nos.kill(os.getpid(),9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert done.returncode == -9
    after = PageStore(folder, "satu")
    assert body_of(after, "/") == b"isi" * 100
    after.close()


def test_an_unclean_stop_of_the_machine_drops_everything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = PageStore(folder, "satu")
    keep(before, "/", "isi", "menu")
    monkeypatch.setattr(store_module, "_boot_id", lambda: "next boot")
    after = PageStore(folder, "satu")
    assert after.get("/") is None
    assert not list(folder.glob("public/**/*.html"))
    after.close()


def test_a_clean_stop_outlives_a_reboot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = PageStore(folder, "satu")
    keep(before, "/", "isi", "menu")
    before.close()
    monkeypatch.setattr(store_module, "_boot_id", lambda: "next boot")
    after = PageStore(folder, "satu")
    assert body_of(after, "/") is not None
    after.close()


def test_another_identity_drops_everything(folder: Path) -> None:
    before = PageStore(folder, "satu")
    keep(before, "/", "isi", "menu")
    before.close()
    after = PageStore(folder, "dua")
    assert after.get("/") is None
    assert after.stats()["entries"] == 0
    after.close()


def test_an_old_version_keeps_nothing_once_a_new_one_runs(folder: Path) -> None:
    old = PageStore(folder, "satu")
    keep(old, "/", "lama", "menu")
    new = PageStore(folder, "dua")
    keep(new, "/", "baru", "menu")
    assert old.get("/") is None
    assert not keep(old, "/", "lama", "menu")
    assert body_of(new, "/") == b"baru" * 60
    old.close()
    new.close()


def test_drop_takes_only_pages_made_from_the_key(store: PageStore, folder: Path) -> None:
    keep(store, "/", "beranda", "list:news", "menu")
    keep(store, "/berita/air", "air", "article:1", "menu")
    keep(store, "/berita/jalan", "jalan", "article:2", "menu")
    assert store.drop({"article:1", "list:news"}) == ["/", "/berita/air"]
    assert store.get("/") is None
    assert store.get("/berita/air") is None
    assert body_of(store, "/berita/jalan") is not None
    assert sorted(p.name for p in folder.glob("public/**/*@.html")) == ["jalan@.html"]


def test_a_page_older_than_a_drop_is_never_kept(store: PageStore) -> None:
    generation = store.generation()
    store.drop({"article:1"})
    assert not store.put("/berita/air", page_of("lama"), {"article:1"}, generation)
    assert store.get("/berita/air") is None
    assert store.put("/berita/lain", page_of("lain"), {"article:2"}, generation)


def test_a_file_page_older_than_a_drop_is_never_kept(store: PageStore, tmp_path: Path) -> None:
    photo = tmp_path / "abc123"
    photo.write_bytes(b"x" * 5000)
    generation = store.generation()
    store.drop({"media:1"})
    page = Page.of_file([("Content-Type", "image/webp")], photo)
    assert not store.put("/media/abc123/a.webp", page, {"media:1"}, generation)
    assert store.put("/media/abc123/a.webp", page, {"media:1"}, store.generation())
    assert store.drop({"media:1"}) == ["/media/abc123/a.webp"]
    assert store.get("/media/abc123/a.webp") is None


def test_another_process_withdraws_at_once(store: PageStore, folder: Path) -> None:
    keep(store, "/berita/air", "air", "article:1")
    keep(store, "/", "beranda", "menu")
    assert store.hot(b"/berita/air") is not None
    generation = store.generation()
    script = (
        "import sys\nfrom pathlib import Path\nfrom desa_web.engines.pages import *\n"
        "s=PageStore(Path(sys.argv[1]),'satu')\nprint(s.drop({'article:1'}))\ns.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True
    )
    assert done.stdout == "['/berita/air']\n"
    assert store.hot(b"/berita/air") is None
    assert store.get("/berita/air") is None
    assert body_of(store, "/") is not None
    assert not store.put("/berita/air", page_of("lama"), {"article:1"}, generation)


def test_a_forked_worker_shares_the_store(store: PageStore) -> None:
    keep(store, "/", "beranda", "menu")
    context = multiprocessing.get_context("fork")

    def work() -> None:
        good = body_of(store, "/") is not None and store.drop({"menu"}) == ["/"]
        os._exit(0 if good and keep(store, "/lain", "lain", "menu") else 1)

    child = context.Process(target=work)
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert store.hot(b"/") is None
    assert body_of(store, "/lain") is not None


def test_drops_and_puts_of_many_threads_and_processes_leave_nothing_stale(folder: Path) -> None:
    """Each writer bumps a version, then drops; no reader may then find an older one."""
    versions = {f"article:{n}": 0 for n in range(6)}
    stores = [PageStore(folder, "satu") for _ in range(3)]
    stale: list[str] = []
    writing = [threading.Lock() for _ in versions]

    def render(store: PageStore, rng: random.Random) -> None:
        for _ in range(120):
            number = rng.randrange(6)
            key = f"article:{number}"
            generation = store.generation()
            version = versions[key]
            store.put(f"/{number}", page_of(f"v{version};"), {key}, generation)

    def write(store: PageStore, rng: random.Random) -> None:
        for _ in range(40):
            number = rng.randrange(6)
            key = f"article:{number}"
            with writing[number]:
                versions[key] += 1
                store.drop({key})
                for reader in stores:
                    found = body_of(reader, f"/{number}")
                    if found is not None and not found.startswith(f"v{versions[key]};".encode()):
                        stale.append(f"{key} {found[:6]!r} {versions[key]}")

    threads = [
        threading.Thread(target=job, args=(stores[n % 3], random.Random(n)))
        for n, job in enumerate([render, write, render, write, render])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not stale
    assert stores[0].stats()["faults"] == 0
    for store in stores:
        store.close()


@pytest.mark.parametrize("harm", ["cut", "zeroed", "flipped", "gone", "twin", "grown"])
def test_a_damaged_page_is_never_served(folder: Path, harm: str) -> None:
    first = PageStore(folder, "satu")
    keep(first, "/", "isi halaman", "menu")
    first.close()
    path = folder / "public" / "@.html"
    twin = folder / "public" / "@.html.gz"
    data = path.read_bytes()
    if harm == "cut":
        path.write_bytes(data[:-7])
    elif harm == "zeroed":
        path.write_bytes(bytes(len(data)))
    elif harm == "flipped":
        path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    elif harm == "gone":
        path.unlink()
    elif harm == "grown":
        path.write_bytes(data + b"<a href=judi>")
    else:
        twin.write_bytes(twin.read_bytes()[:-3])
    second = PageStore(folder, "satu")
    assert second.get("/") is None
    assert second.stats()["damaged"] == 1
    assert not path.exists()
    assert keep(second, "/", "isi halaman", "menu")
    assert body_of(second, "/") is not None
    second.close()


@pytest.mark.parametrize("name", ["state.db", "stamp"])
@pytest.mark.parametrize("harm", ["zeroed", "cut", "noise"])
def test_a_damaged_index_is_begun_anew(folder: Path, name: str, harm: str) -> None:
    first = PageStore(folder, "satu")
    for number in range(50):
        keep(first, f"/berita/{number}", "isi", f"article:{number}")
    first.close()
    path = folder / name
    size = path.stat().st_size
    noise = random.Random(4).randbytes(size)
    path.write_bytes({"zeroed": bytes(size), "cut": b"", "noise": noise}[harm])
    second = PageStore(folder, "satu")
    for number in range(50):
        assert body_of(second, f"/berita/{number}") in (None, b"isi" * 60)
        keep(second, f"/berita/{number}", "baru", f"article:{number}")
    second.drop({"article:7"})
    assert second.get("/berita/7") is None
    assert body_of(second, "/berita/8") == b"baru" * 60
    second.close()


def test_an_index_that_breaks_while_in_use_is_begun_anew(store: PageStore, folder: Path) -> None:
    for number in range(200):
        keep(store, f"/berita/{number}", "isi", f"article:{number}", "menu")
    size = (folder / "state.db").stat().st_size
    with (folder / "state.db").open("r+b") as index:
        index.write(random.Random(5).randbytes(size))
    # Nothing is in memory: every answer must come from the index.
    watcher = PageStore(folder, "satu")
    for number in range(200):
        assert body_of(watcher, f"/berita/{number}") in (None, b"isi" * 60)
    store.drop({"article:7"})
    for number in range(200):
        keep(store, f"/berita/{number}", "baru", f"article:{number}", "menu")
    assert body_of(store, "/berita/8") == b"baru" * 60
    store.drop({"article:8"})
    assert store.get("/berita/8") is None
    assert body_of(watcher, "/berita/8") is None
    watcher.close()


def test_the_folder_may_be_deleted_at_any_time(store: PageStore, folder: Path) -> None:
    for number in range(5):
        keep(store, f"/{number}", f"isi {number}", f"article:{number}")
    generation = store.generation()
    shutil.rmtree(folder.parent)
    assert store.hot(b"/1") is None
    assert not store.put("/1", page_of("lama"), {"article:1"}, generation)
    assert keep(store, "/1", "baru", "article:1")
    assert (folder / "public" / "1@.html").exists()
    other = PageStore(folder, "satu")
    assert body_of(other, "/1") == b"baru" * 60
    assert other.drop({"article:1"}) == ["/1"]
    assert store.get("/1") is None
    other.close()


def test_an_index_that_cannot_take_a_drop_is_given_up(store: PageStore, folder: Path) -> None:
    keep(store, "/", "isi", "menu")
    keep(store, "/berita/air", "air", "article:1")
    watcher = PageStore(folder, "satu")
    assert body_of(watcher, "/berita/air") is not None
    # Another program holds the index for longer than anybody waits.
    blocker = sqlite3.connect(folder / "state.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    store.drop({"article:1"})
    assert store.get("/berita/air") is None
    assert watcher.hot(b"/berita/air") is None
    assert watcher.get("/berita/air") is None
    blocker.close()
    watcher.close()


def test_a_full_disk_serves_and_withdraws(small_disk: Path) -> None:
    folder = small_disk / "pages"
    store = PageStore(folder, "satu")
    watcher = PageStore(folder, "satu")
    rng = random.Random(1)
    kept: list[str] = []
    for number in range(400):
        body = rng.randbytes(6000).hex()
        page = Page.of_body("200 OK", HTML, body.encode())
        target = f"/berita/{number}"
        store.put(target, page, {f"article:{number}", "menu"}, store.generation())
        kept.append(target)
        if store.stats()["faults"] > 5:
            break
    else:
        pytest.fail("the disk never filled")
    assert body_of(store, kept[-1]) is not None, "a page that found no room is kept in memory"
    assert body_of(store, kept[0]) is not None
    assert body_of(watcher, kept[0]) is not None
    store.drop({"article:0"})
    assert store.get(kept[0]) is None
    assert watcher.get(kept[0]) is None
    store.drop({"menu"})
    assert all(store.get(target) is None for target in kept)
    assert all(watcher.get(target) is None for target in kept)
    assert not list(folder.glob("public/**/*.html"))
    store.close()
    watcher.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    path = tmp_path / "kecil"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_read_only_disk_keeps_pages_in_memory(small_disk: Path) -> None:
    folder = small_disk / "pages"
    before = PageStore(folder, "satu")
    keep(before, "/lama", "lama", "menu")
    before.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    store = PageStore(folder, "satu")
    assert keep(store, "/", "isi", "menu")
    assert body_of(store, "/") is not None
    generation = store.generation()
    assert store.drop({"menu"}) == ["/"]
    assert store.get("/") is None
    assert store.get("/lama") is None
    assert not store.put("/", page_of("isi"), {"menu"}, generation)
    store.clear()
    store.close()


def test_memory_stays_within_its_budget(folder: Path) -> None:
    store = PageStore(folder, "satu", memory_bytes=200_000)
    rng = random.Random(2)
    for number in range(60):
        page = Page.of_body("200 OK", HTML, rng.randbytes(5000).hex().encode())
        store.put(f"/{number}", page, {"menu"}, store.generation())
        assert store.stats()["memory_bytes"] <= 200_000
        store.hot(b"/0")
    assert b"/0" in store._pages, "what is asked for all the time stays"
    assert store.get("/1") is not None, "what left the memory is on the disk"
    store.close()


def test_strangers_cannot_fill_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desa_web.engines.pages.ledger.LOOSE_LIMIT", 40)
    store = PageStore(folder, "satu")
    keep(store, "/", "isi", "menu")
    for number in range(100):
        missing = Page.of_body("404 NOT FOUND", HTML, f"tiada {number}".encode())
        store.put(f"/tiada/{number}", missing, {"menu"}, store.generation())
    assert store.stats()["entries"] <= 41
    assert len([p for p in folder.glob("other/*/*") if p.is_file()]) <= 40
    assert body_of(store, "/") is not None
    store.close()


def test_too_large_and_unmarked_pages_are_refused(folder: Path) -> None:
    store = PageStore(folder, "satu", max_body_bytes=1000)
    large = Page.of_body("200 OK", HTML, b"x" * 1001)
    assert not store.put("/", large, {"menu"}, store.generation())
    assert not store.put("/", page_of("x"), (), store.generation())
    store.close()


@pytest.mark.parametrize(
    ("target", "kind", "path"),
    [
        ("/", "text/html; charset=utf-8", "public/@.html"),
        ("/berita/", "text/html", "public/berita/@.html"),
        ("/berita/air-bersih", "text/html", "public/berita/air-bersih@.html"),
        ("/feed.atom", "application/atom+xml", "public/feed.atom@.atom"),
        ("/.well-known/desa", "application/json", None),
        ("/cari?q=a", "text/html", None),
        ("/a%2fb", "text/html", None),
        ("/../x", "text/html", None),
        ("//x", "text/html", None),
        ("/a@.html", "text/html", None),
        ("/x", "application/octet-stream", None),
    ],
)
def test_a_web_server_in_front_finds_plain_addresses(
    store: PageStore, folder: Path, target: str, kind: str, path: str | None
) -> None:
    page = Page.of_body("200 OK", [("Content-Type", kind)], b"isi" * 200)
    assert store.put(target, page, {"menu"}, store.generation())
    public = [str(p.relative_to(folder)) for p in folder.glob("public/**/*") if p.is_file()]
    assert [p for p in public if not p.endswith(".gz")] == ([path] if path else [])
    store.drop({"menu"})
    assert not [p for p in folder.glob("public/**/*") if p.is_file()]
    assert not [p for p in folder.glob("other/**/*") if p.is_file()]


def test_bodies_without_an_entry_are_swept(store: PageStore, folder: Path) -> None:
    keep(store, "/berita/air", "air", "article:1")
    store.put("/cari?q=a", page_of("cari"), {"list:news"}, store.generation())
    before = {p for p in folder.glob("*/**/*") if p.is_file()}
    for name in ("public/berita/lama@.html", "public/berita/lama@.html.gz", "other/aa/sisa"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"sisa")
    assert store.sweep() == 3
    assert {p for p in folder.glob("*/**/*") if p.is_file()} == before
    assert body_of(store, "/berita/air") is not None
    assert body_of(store, "/cari?q=a") is not None


def test_views_are_counted_once_and_taken_once(store: PageStore) -> None:
    for _ in range(3):
        store.count_view(b"/berita/air")
    assert store.take_views() == {"/berita/air": 3}
    assert store.take_views() == {}
