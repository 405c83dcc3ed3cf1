"""`desa sync status`: what a village operator reads, and what scripts read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from desa_web.cli import main
from desa_web.core import db
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.features.hub import sources
from desa_web.features.hub.source import Kind
from desa_web.features.sync import hubs
from tests.harness.hub import Desa, make_hub
from tests.harness.pairing import follow
from tests.harness.site import START_MS, clock_of

HUB = "a" * 26
# 22 November 2026, 14.05 WIB.
SENT_MS = START_MS + (6 * 60 + 5) * 60_000


@pytest.fixture
def desa(tmp_path: Path) -> Desa:
    made = Desa.make(tmp_path)
    made.publish("Panen raya")
    made.publish("Rapat desa")
    follow(made.site)
    return made


def asked(capsys: pytest.CaptureFixture[str], site: Site, *options: str) -> str:
    site.close()
    assert main(["--site", str(site.path), "sync", "status", *options]) == 0
    return capsys.readouterr().out


def record(capsys: pytest.CaptureFixture[str], site: Site) -> dict[str, Any]:
    (own,) = json.loads(asked(capsys, site, "--json"))
    return dict(own)


def pair(site: Site, **values: object) -> None:
    with site.bound(), db.write(site.database):
        hubs.begin(
            site, HUB, **{
                "name": "Media Center Bengawan", "address": "https://media.bengawan.go.id",
                "token": "t", "state": "paired", "paired_at": START_MS,
                "words": "padi air batu api",
                **values,
            },
        )  # fmt: skip


def held(site: Site) -> str:
    """Return the newest place of the site's log, as the hub would hold it."""
    with site.bound():
        last = log.head(site)
    assert last is not None
    return f"{last.point.epoch} {last.point.seq} {last.point.hash}"


def test_a_village_without_a_hub_reads_how_to_get_one(
    capsys: pytest.CaptureFixture[str], desa: Desa
) -> None:
    heard = asked(capsys, desa.site)
    assert "Desa Sukamaju: 2 berita" in heard
    assert "Belum tersambung" in heard
    assert "desa sync pair KODE --hub ALAMAT" in heard
    assert "None" not in heard
    own = record(capsys, desa.site)
    assert (own["last_ok_at"], own["hub"], own["waiting_articles"]) == (None, "", None)


def test_a_paired_village_reads_with_whom_since_when_and_what_waits(
    capsys: pytest.CaptureFixture[str], desa: Desa
) -> None:
    pair(desa.site, sent_at=SENT_MS, head=held(desa.site))
    heard = asked(capsys, desa.site)
    assert "Tersambung dengan Media Center Bengawan (https://media.bengawan.go.id)" in heard
    assert "terakhir terkirim 22 Nov 2026 14.05, tidak ada yang menunggu." in heard
    desa.publish("Jalan tani")
    follow(desa.site)
    assert "1 berita menunggu dikirim" in asked(capsys, desa.site)
    own = record(capsys, desa.site)
    assert own["last_ok_at"] == "2026-11-22T07:05:00+00:00"
    assert (own["hub"], own["hub_state"]) == ("Media Center Bengawan", "paired")
    assert (own["waiting_articles"], own["error"]) == (1, "")


def test_what_is_wrong_with_sending_stands_there_with_the_next_try(
    capsys: pytest.CaptureFixture[str], desa: Desa
) -> None:
    sentence = "Server situs ini tidak menjawab, mungkin sedang mati."
    pair(desa.site, error=sentence, failures=2, next_at=SENT_MS)
    heard = asked(capsys, desa.site)
    assert "terakhir terkirim belum pernah" in heard
    assert f"Belum terkirim, tidak ada yang hilang. {sentence}" in heard
    assert "Dicoba lagi sendiri 22 Nov 2026 14.05, atau sekarang dengan: desa sync push" in heard
    assert record(capsys, desa.site)["error"] == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"state": "waiting"}, "mencocokkan empat kata: padi air batu api."),
        ({"address": ""}, "desa sync bundle create FOLDER"),
        ({"is_paused": 1}, "Pengiriman dijeda."),
        ({"state": "refused"}, "belum menyambungkan desa ini"),
        ({"state": "ended"}, "Tidak tersambung lagi dengan Media Center Bengawan."),
    ],
)
def test_every_state_of_a_pairing_has_its_words(
    capsys: pytest.CaptureFixture[str], desa: Desa, values: dict[str, object], sentence: str
) -> None:
    pair(desa.site, **values)
    assert sentence in asked(capsys, desa.site)


def test_news_that_is_not_in_the_log_yet_is_said(
    capsys: pytest.CaptureFixture[str], desa: Desa
) -> None:
    assert "tertinggal" not in asked(capsys, desa.site)
    desa.publish("Jalan tani")
    heard = asked(capsys, desa.site)
    assert re.search(r"Catatan itu tertinggal \d+ perubahan\.", heard)
    assert "desa follow --once" in heard


def test_a_hub_reads_its_sources_in_a_table_with_the_last_good_moment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, desa: Desa
) -> None:
    hub = make_hub(tmp_path / "hub")
    assert "Belum ada sumber. Tambah dulu" in asked(capsys, hub)
    desa.known_to(hub)
    desa.sync(hub)
    with hub.bound():
        sources.register(Desa(hub).actor, kind=Kind.FEED, name="Lama", address="https://lama.id")
    clock_of(hub).advance(days=1)
    head, *rows = asked(capsys, hub).splitlines()[-3:]
    assert head.split("  ")[0] == "sumber"
    assert "terakhir berhasil" in head
    village, lama = rows
    assert lama.split() == ["Lama", "0", "-", "-"]
    assert village.split()[2:] == ["2", "22", "Nov", "2026", "08.00", "-"]
