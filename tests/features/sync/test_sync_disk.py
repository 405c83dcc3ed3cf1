"""`desa sync …` on a disk that refuses: exit code 5, a sentence, nothing half-written."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from desa_web.cli import main
from tests.harness.hub import Desa
from tests.ops.test_bad_disk import remount, small_disk

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
COMMANDS = (["sync", "push"], ["sync", "status"], ["sync", "bundle", "create", "STICK"])


def fill(folder: Path) -> None:
    with (folder / "penuh").open("wb", buffering=0) as sink, suppress(OSError):
        while True:
            sink.write(b"x" * 4096)
    assert shutil.disk_usage(folder).free == 0


def test_a_full_disk_is_five_for_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desa = Desa.make(tmp_path)
    desa.publish("Panen raya")
    desa.site.close()
    with small_disk(tmp_path / "kecil", "8m") as disk:
        site = disk / "situs"
        shutil.copytree(desa.site.path, site)
        fill(disk)
        for command in COMMANDS:
            words = [str(disk) if word == "STICK" else word for word in command]
            assert main(["--site", str(site), *words]) == 5, words
            assert "Ruang server habis" in capsys.readouterr().err
        assert list(disk.glob("*.desa")) == []


def test_a_stick_that_is_locked_is_five(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desa = Desa.make(tmp_path)
    desa.publish("Panen raya")
    with desa.site.bound():
        desa.follow()
    desa.site.close()
    with small_disk(tmp_path / "stik", "4m") as stick:
        remount(stick, "ro")
        words = ["--site", str(desa.site.path), "sync", "bundle", "create", str(stick)]
        assert main(words) == 5
        assert "buka kunci tulisnya" in capsys.readouterr().err
