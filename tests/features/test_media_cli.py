"""`desa media …` as another person's script uses it: exit codes, JSON, nothing twice."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core.actor import operator
from desa_web.core.site import Site
from desa_web.features.media import masters, service
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.harness.photos import pdf, photo_file
from tests.harness.site import make_site, run_desa


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Site]:
    """A site whose commands run in processes of their own, on the machine's clock."""
    from desa_web.core.clock import SystemClock

    site = make_site(tmp_path, clock=SystemClock(), village_name="Sukamaju")  # type: ignore[arg-type]
    with site.bound():
        yield site
    site.close()


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_add_takes_what_it_can_and_says_what_it_cannot(folder: Site, tmp_path: Path) -> None:
    good, bad, document = photo_file(tmp_path, 1), tmp_path / "shell.jpg", tmp_path / "perdes.pdf"
    bad.write_bytes(b"<?php ?>")
    document.write_bytes(pdf())
    words = ("--caption", "Panen.", "--credit", "Nur", "--alt", "Sawah.")
    command = ("--site", folder.path, "--json", "media", "add", good, bad, document, *words)
    done = run_desa(*command)
    assert done.returncode == 1
    added = _lines(done.stdout)
    assert [bool(one["id"]) for one in added] == [True, False, True]
    assert added[1]["code"] == "foto-ditolak"
    again = _lines(run_desa(*command).stdout)
    assert [one["id"] for one in again] == [one["id"] for one in added]
    listed = run_desa("--site", folder.path, "--json", "media", "list", "--query", "panen")
    found = json.loads(listed.stdout)
    assert [(p["caption"], p["credit"], p["alt"]) for p in found] == [("Panen.", "Nur", "Sawah.")]
    assert run_desa("--site", folder.path, "media", "add", good).returncode == 0


def test_gc_says_first_and_removes_only_then(folder: Site) -> None:
    stray = folder.media / "ab" / ("ab" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    dry = run_desa("--site", folder.path, "--json", "media", "gc", "--dry-run")
    assert [one["name"] for one in _lines(dry.stdout)] == [str(stray.relative_to(folder.path))]
    assert stray.exists()
    assert run_desa("--site", folder.path, "media", "gc").returncode == 0
    assert not stray.exists()


def test_rebuild_makes_renditions_again_and_reports_failures(folder: Site, tmp_path: Path) -> None:
    boss = operator(folder)
    fine, gone = (service.add(boss, photo_file(tmp_path, n)) for n in (1, 2))
    masters.path_of(folder, gone.master_sha256).unlink()
    done = run_desa("--site", folder.path, "--json", "media", "rebuild")
    assert done.returncode == 1
    found = {one["id"]: one["error"] for one in _lines(done.stdout)}
    assert found == {fine.id: "", gone.id: "induk-hilang"}
    one = run_desa("--site", folder.path, "media", "rebuild", fine.id)
    assert one.returncode == 0, one.stderr


def test_kit_writes_the_zip_where_it_was_asked_for(folder: Site, tmp_path: Path) -> None:
    boss = operator(folder)
    kept = service.add(boss, photo_file(tmp_path))
    body = f'<p>Halo.</p><figure data-foto="{kept.id}"></figure>'
    made = news.create(boss, Text(title="Panen raya", body=body))
    news.publish_now(boss, made.id)
    target = tmp_path / "paket.zip"
    done = run_desa("--site", folder.path, "--json", "media", "kit", made.slug, target)
    assert done.returncode == 0, done.stderr
    assert _lines(done.stdout)[0]["photos"] == 1
    assert zipfile.ZipFile(target).testzip() is None
    assert run_desa("--site", folder.path, "media", "kit", "tidak-ada", target).returncode == 1
    out = tmp_path / "keluar"
    out.mkdir()
    assert run_desa("--site", folder.path, "media", "kit", "", out).returncode == 0
    assert [p.name for p in out.iterdir()] == ["desa-sukamaju-paket-media.zip"]
