"""Promise 1: what was acknowledged survives kill -9 and a power cut; a control run must lose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desa_web.core import journal
from desa_web.core.site import create, open_site
from tests.harness.crash import losses
from tests.harness.site import ROOT, run_desa


def crashed(site: Path, *, rounds: int, seed: int = 1, fsync: bool = True) -> dict[str, list]:  # type: ignore[type-arg]
    command = [sys.executable, "-m", "tests.harness.crash", str(site)]
    command += ["--rounds", str(rounds), "--seed", str(seed)]
    command += [] if fsync else ["--no-fsync"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def new_site(folder: Path) -> Path:
    create(folder).close()
    return folder


def test_nothing_acknowledged_is_lost_at_200_kills(tmp_path: Path) -> None:
    site = new_site(tmp_path / "situs")
    acked = crashed(site, rounds=200)
    assert len(acked) >= 200
    assert losses(site, acked) == []


def test_after_the_kills_followers_catch_up_and_a_second_run_changes_nothing(
    tmp_path: Path,
) -> None:
    site = new_site(tmp_path / "situs")
    crashed(site, rounds=12)
    first, second = (run_desa("--site", site, "--json", "follow", "--once") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert json.loads(second.stdout)["rows"] == 0
    shutil.rmtree(site / "cache")
    again = run_desa("--site", site, "--json", "follow", "--once")
    assert again.returncode == 0, again.stderr
    assert (site / "cache" / "pages.cursor").exists()


@contextmanager
def disk(folder: Path, image: Path) -> Iterator[Path]:
    """Mount a small ext4 image; what is in the image file is what had reached the disk."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def can_mount() -> bool:
    return os.geteuid() == 0 and Path("/dev/loop-control").exists()


def cut_power(tmp_path: Path, *, rounds: int, fsync: bool) -> tuple[int, list[str]]:
    """Write, cut the power, look: (acknowledged writes, what was lost), over `rounds`."""
    total, lost = 0, []
    for number in range(rounds):
        image, after = tmp_path / f"{number}.img", tmp_path / f"{number}-cut.img"
        image.touch()
        os.truncate(image, 48 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        with disk(tmp_path / "mnt", image) as mounted:
            site = new_site(mounted / "situs")
            os.sync()
            acked = crashed(site, rounds=2, seed=number, fsync=fsync)
            # The image as the disk holds it now, the page cache of the mounted system left out.
            shutil.copyfile(image, after)
        with disk(tmp_path / "mnt", after) as mounted:
            total += len(acked)
            lost += losses(mounted / "situs", acked)
        image.unlink()
        after.unlink()
    return total, lost


needs_mount = pytest.mark.skipif(not can_mount(), reason="mounting a disk image needs root")


@needs_mount
def test_nothing_acknowledged_is_lost_in_power_cuts(tmp_path: Path) -> None:
    total, lost = cut_power(tmp_path, rounds=6, fsync=True)
    assert total >= 12
    assert lost == []


@needs_mount
def test_the_control_run_without_fsync_loses_something(tmp_path: Path) -> None:
    _total, lost = cut_power(tmp_path, rounds=3, fsync=False)
    assert lost


@needs_mount
@pytest.mark.long
def test_nothing_acknowledged_is_lost_in_100_power_cuts(tmp_path: Path) -> None:
    total, lost = cut_power(tmp_path, rounds=100, fsync=True)
    assert total > 500
    assert lost == []


def test_a_journal_is_found_whole_by_the_next_program(tmp_path: Path) -> None:
    site = new_site(tmp_path / "situs")
    crashed(site, rounds=3)
    opened = open_site(site)
    with opened.bound():
        assert journal.head(opened).seq == len(journal.read(opened, 0, 100_000))
    opened.close()
