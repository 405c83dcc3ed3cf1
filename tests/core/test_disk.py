"""The disk: whole or not at all, whatever fails; locks that die with their holder."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desa_web.core import disk
from desa_web.core.errors import Busy
from tests.harness.site import ROOT


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    disk.write_atomic(file, b"one")
    disk.write_atomic(file, b"two", durable=False)
    assert file.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_private_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    disk.write_atomic(tmp_path / "key", b"secret", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_failing_call_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file = tmp_path / "a.json"
    disk.write_atomic(file, b"old")

    def fail(*_args: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    if call == "write":
        monkeypatch.setattr(os, "fdopen", fail)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        disk.write_atomic(file, b"new")
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_lock_is_held_once_and_released(tmp_path: Path) -> None:
    first, second = (disk.FileLock(tmp_path / "lock") for _n in range(2))
    assert first.try_acquire()
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()


def test_a_taken_lock_says_its_sentence(tmp_path: Path) -> None:
    with (
        disk.locked(tmp_path / "lock", "Sedang dipakai."),
        pytest.raises(Busy, match="Sedang dipakai"),
        disk.locked(tmp_path / "lock", "Sedang dipakai."),
    ):
        pass
    with disk.locked(tmp_path / "lock", "Sedang dipakai."):
        pass


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from desa_web.core.disk import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); print(lock.try_acquire(), flush=True)\n"
        "sys.stdin.read()"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not disk.FileLock(path).try_acquire()
        holder.kill()
    mine = disk.FileLock(path)
    assert mine.try_acquire()
    mine.release()


def test_a_digest_is_of_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(b"x" * (1 << 20) + b"y")
    assert disk.digest_of(file) != disk.digest_of(_shorter(tmp_path))
    assert len(disk.digest_of(file)) == 64


def test_the_machine_and_its_boot_have_names() -> None:
    assert disk.machine_id() == disk.machine_id() != ""
    assert disk.boot_id() == disk.boot_id() != ""


def _shorter(folder: Path) -> Path:
    file = folder / "short"
    file.write_bytes(b"x" * (1 << 20))
    return file
