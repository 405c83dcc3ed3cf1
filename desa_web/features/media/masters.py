"""The files of media/: masters and documents under their hash, the private originals.

A master is written whole and durable before any row speaks of it; what no row speaks of is an
orphan that gc removes. One studio serves all sites of this process: one photo at a time.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import ClassVar

from desa_web.core.disk import sync_file, sync_folder
from desa_web.core.errors import Busy, storage_error
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.images import Master, Studio

INCOMING = ".incoming"
ORIGINALS = "originals"

# The studio works one photo at a time: a third one waiting would only hold a server thread.
_TURNS = 2
PATIENCE_S = 60.0

_studio: Studio | None = None
_lock = Lock()
_turns = BoundedSemaphore(_TURNS)


class PhotosQueue(Busy):
    """Other photos are being worked; this one is safe and is asked for again soon."""

    code: ClassVar[str] = "foto-antre"
    retry_after_s = 3

    def __init__(self) -> None:
        super().__init__(_("Server sedang mengolah foto lain. Foto Anda aman dan segera diolah."))


def studio() -> Studio:
    """Return this process's studio; its helper starts with the first photo."""
    global _studio
    with _lock:
        if _studio is None:
            _studio = Studio()
            atexit.register(_studio.close)
        return _studio


def path_of(site: Site, sha256: str) -> Path:
    """Return where the master or document with this hash lies."""
    return site.media / sha256[:2] / sha256


def original_path(site: Site, sha256: str) -> Path:
    return site.media / ORIGINALS / sha256[:2] / sha256


def ingest(site: Site, upload: Path, *, patience_s: float = PATIENCE_S) -> Master:
    """Make the master of an uploaded photo and put it in its place, durable.

    Raises PhotoRefused, PhotoBusy, DiskFull or ReadOnly, and PhotosQueue when its turn does not
    come within `patience_s`; then nothing is left behind.
    """
    edge_px = site.config.number("master_max_edge_px") or None
    if not _turns.acquire(timeout=patience_s):
        raise PhotosQueue
    try:
        with incoming(site) as fresh:
            made = studio().ingest(upload, fresh, max_edge_px=edge_px)
            settle(site, fresh, made.sha256)
    finally:
        _turns.release()
    return made


def settle(site: Site, file: Path, sha256: str) -> None:
    """Move a durable file to its place; one that is there already with this name is the same."""
    target = path_of(site, sha256)
    with _sentences():
        _make_folder(target.parent)
        file.replace(target)
        sync_folder(target.parent)


def keep_original(site: Site, upload: Path, sha256: str) -> None:
    """Keep the upload as it came, readable for this user only."""
    target = original_path(site, sha256)
    if target.exists():
        return
    with incoming(site) as fresh, _sentences():
        shutil.copyfile(upload, fresh)
        fresh.chmod(0o600)
        sync_file(fresh)
        _make_folder(target.parent.parent)
        _make_folder(target.parent)
        fresh.replace(target)
        sync_folder(target.parent)


@contextmanager
def incoming(site: Site) -> Iterator[Path]:
    """Give a name on the disk of media/ for a file in the making; removed when it is not moved."""
    folder = site.media / INCOMING
    path = folder / secrets.token_hex(12)
    try:
        with _sentences():
            folder.mkdir(parents=True, exist_ok=True)
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def files(site: Site) -> Iterator[Path]:
    """Yield every file that is named like a master or document."""
    for folder in sorted(site.media.glob("[0-9a-f][0-9a-f]")):
        yield from sorted(path for path in folder.iterdir() if len(path.name) == 64)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) or error from error
