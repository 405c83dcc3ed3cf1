"""The operating system's side of keeping things: atomic writes, locks, who this machine is.

All OS calls that would differ on another system are here. Assume the power dies between any two
lines: temp file, fsync, rename, fsync of the folder.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from desa_web.core.errors import Busy


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Write `data` to `path` whole or not at all; with `durable` it survives a power cut."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temp.replace(path)
    except BaseException:
        with suppress(OSError):
            temp.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename or a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits."""
    digest = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def machine_id() -> str:
    """Return a name for this machine that a copied folder does not carry along."""
    for source in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            text = Path(source).read_text().strip()
            if text:
                return sha256(f"desa-web {text}".encode()).hexdigest()[:32]
    return f"host-{os.uname().nodename}"


def boot_id() -> str:
    """Return a name for this run of the machine: a monotonic clock counts only within it."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "unknown"


class FileLock:
    """An advisory lock that the system drops when the holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def try_acquire(self) -> bool:
        """Return True when this object holds the lock now; never waits."""
        if self._file is not None:
            return True
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def locked(path: Path, busy_sentence: str) -> Iterator[None]:
    """Hold the lock at `path` for the block. Raises Busy with `busy_sentence` if it is taken."""
    lock = FileLock(path)
    if not lock.try_acquire():
        raise Busy(busy_sentence)
    try:
        yield
    finally:
        lock.release()
