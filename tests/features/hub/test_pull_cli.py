"""`desa sync pull` and `desa hub …` as real processes: events, exit codes, what scripts rely on."""

from __future__ import annotations

import fcntl
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from desa_web.core.site import open_site
from tests.harness.hub import Desa, make_hub, serving_villages
from tests.harness.other_site import Page, other_site
from tests.harness.site import run_desa, serving

PRIVATE = {"DESA_ALLOW_PRIVATE_SOURCES": "1"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desa]:
    made = Desa.make(tmp_path_factory.mktemp("desa"))
    lead = made.add_photo(caption="Panen.", credit="Nur Aini")
    made.publish("Panen raya", lead_photo_id=lead)
    made.publish("Rapat desa")
    made.follow()
    with serving_villages([made], {"DESA_FOLLOW": "false"}):
        yield made
    made.site.close()


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    made = make_hub(tmp_path / "hub", clock=None)
    made.close()
    return made.path


def desa(
    hub: Path, *words: str, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_desa("--site", hub, *words, environ={**PRIVATE, **(environ or {})})


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_from_an_empty_hub_to_a_published_article_with_photo_and_credit(
    tmp_path: Path, served: Desa
) -> None:
    hub = tmp_path / "media-center"
    done = run_desa("init", hub, "--role", "hub", "--name", "Media Center", "--admin", "ana")
    assert done.returncode == 0, done.stderr
    assert "Belum ada sumber" in desa(hub, "sync", "pull").stdout
    added = desa(hub, "--json", "hub", "source", "add", served.url)
    assert added.returncode == 0, added.stderr
    (source,) = events(added)
    assert (source["kind"], source["site"]) == ("desa", served.log_name)
    pulled = desa(hub, "--json", "sync", "pull")
    assert pulled.returncode == 0, pulled.stderr
    *each, last = events(pulled)
    assert [(e["event"], e["accepted"], e["photos"]) for e in each] == [("source", 4, 1)]
    assert (last["event"], last["asked"], last["failed"]) == ("done", 1, 0)
    status = json.loads(desa(hub, "--json", "sync", "status").stdout)
    (told,) = [one for one in status if one["site"] == served.log_name]
    assert (told["source"], told["articles"], told["error"]) == ("Desa Sukamaju", 2, "")
    assert told["last_seq"] == 4
    assert told["last_ok_at"] > "2026-"
    again = desa(hub, "sync", "pull", "--source", "sukamaju")
    assert (again.returncode, "0 perubahan" in again.stdout) == (0, True)
    assert "Tidak ada sumber yang sudah waktunya" in desa(hub, "sync", "pull", "--due").stdout
    waiting = json.loads(desa(hub, "--json", "hub", "inbox", "list").stdout)
    (item,) = [one for one in waiting if one["title"] == "Panen raya"]
    assert desa(hub, "hub", "inbox", "publish", str(item["id"])).returncode == 0
    with serving(hub, environ=PRIVATE) as url, urlopen(f"{url}berita/panen-raya") as answer:
        page = answer.read().decode()
    assert "Nur Aini" in page
    assert "Desa Sukamaju" in page
    assert "/media/" in page


def test_a_hub_that_serves_asks_its_villages_by_itself(hub: Path, served: Desa) -> None:
    assert desa(hub, "hub", "source", "add", served.url).returncode == 0
    site = open_site(hub)
    with serving(hub, environ=PRIVATE):
        deadline = time.monotonic() + 60
        with site.bound():
            from desa_web.features.hub import items

            while not items.listing(items.Shelf.NEW):
                assert time.monotonic() < deadline, "nobody was asked"
                time.sleep(0.05)
    site.close()


def test_exit_codes_say_what_happened(hub: Path, served: Desa) -> None:
    both = desa(hub, "sync", "pull", "--all", "--due")
    assert both.returncode == 2
    assert desa(hub, "hub", "source", "add", served.url).returncode == 0
    with other_site() as there:
        there.pages["/feed"] = Page(
            "<rss version='2.0'><channel><title>Lama</title><item><title>Satu</title>"
            "<link>http://x/1</link></item></channel></rss>",
            "application/rss+xml",
        )
        assert desa(hub, "hub", "source", "add", f"{there.url}/feed").returncode == 0
    some = desa(hub, "sync", "pull")
    assert some.returncode == 1
    assert "Lama: Server situs ini tidak menjawab" in some.stdout
    all_failed = desa(hub, "sync", "pull", "--source", "lama")
    assert all_failed.returncode == 3
    inside = desa(hub, "sync", "pull", environ={"DESA_ALLOW_PRIVATE_SOURCES": "0"})
    assert inside.returncode == 4
    assert desa(hub, "sync", "pull", "--source", "tidak-ada").returncode == 1
    with (hub / "data" / "sync.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        locked = desa(hub, "sync", "pull")
    assert (locked.returncode, "sedang berjalan" in locked.stderr) == (75, True)
    refused = run_desa("--site", served.site.path, "sync", "pull")
    assert (refused.returncode, "desa, bukan hub" in refused.stderr) == (1, True)
