"""Promise 2: a full or read-only disk does not kill the site; the writer gets a sentence."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site, create, open_site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.news import service
from desa_web.features.news.article import Text
from desa_web.web.auth import SESSION_COOKIE
from tests.harness.site import running, serving

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def filled(folder: Path) -> tuple[Site, str]:
    """Return a site with one published article, and the session token of a reporter."""
    site = create(folder)
    with site.bound():
        boss = operator(site)
        made = service.create(boss, Text(title="Panen raya", body="<p>Sawah.</p>"))
        service.publish_now(boss, made.id)
        person = accounts.add(boss, "nur", "Nur Aini", Role.REPORTER)
        token = sessions.start(site, person, description="tests").token
    site.close()
    return site, token


class Person:
    """A reporter's program and a reader at once."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 0)
        self._headers = {
            "Cookie": f"{SESSION_COOKIE}={token}",
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/json",
        }

    def reads(self, path: str) -> int:
        connection = HTTPConnection(*self._address, timeout=30)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def writes(self, title: str, size: int) -> tuple[int, dict]:  # type: ignore[type-arg]
        connection = HTTPConnection(*self._address, timeout=30)
        body = json.dumps({"title": title, "body": f"<p>{os.urandom(size // 2).hex()}</p>"})
        connection.request("POST", "/api/v1/articles", body, self._headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        connection.close()
        return answer.status, found


def test_a_full_disk_keeps_reading_and_says_so_to_the_writer(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        site, token = filled(disk / "situs")
        with serving(site) as url:
            person = Person(url, token)
            acked, refused = [], []
            for number in range(80):
                status, answer = person.writes(f"Kabar {number}", 400_000)
                if status == 201:
                    acked.append(answer["id"])
                else:
                    refused.append((status, answer["error"]["code"], answer["error"]["message"]))
                assert person.reads("/") == 200
                assert person.reads("/berita/panen-raya") == 200
                if len(refused) == 8:
                    break
            assert len(refused) == 8
            assert {status for status, _code, _text in refused} == {507}
            assert all("Berita lama aman" in text for _s, _c, text in refused)
            remount(disk, "size=40m")
            assert person.writes("Pulih", 1000)[0] == 201
        opened = open_site(disk / "situs")
        with opened.bound():
            for article_id in acked:
                service.open_for_edit(operator(opened), article_id)
        opened.close()


def test_a_site_on_a_read_only_disk_starts_and_reads(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "30m") as disk:
        site, token = filled(disk / "situs")
        remount(disk, "ro")
        with running("--site", site.path, "serve", "--port", "0") as (_process, url):
            person = Person(url, token)
            for path in ("/", "/berita/", "/berita/panen-raya", "/pengumuman/"):
                assert person.reads(path) == 200
            status, answer = person.writes("Tidak bisa", 1000)
            assert (status, answer["error"]["code"]) == (503, "hanya-baca")
            assert answer["error"]["message"].endswith(".")
