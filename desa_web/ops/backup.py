"""Backups: one zip file that is only called good after it was restored into a scratch folder.

    file = create(site)                 snapshot, media, themes, options; verified before named
    verify(file)                        every byte, every count, the journal's head
    restore(file, folder)               beside, verify, swap; the old folder stays

The database is taken with VACUUM INTO (a plain copy was "integrity ok" with rows missing). Keys go
along only encrypted (data/keys/*.enc, by the printed code). cache/ never goes along.

The zip's comment is the sha256 of all bytes before it, so any flipped byte is found.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from desa_web import __version__
from desa_web.core import db, erased, journal, migrate
from desa_web.core.actor import operator
from desa_web.core.clock import as_utc
from desa_web.core.disk import FileLock, digest_of, sync_file, sync_folder
from desa_web.core.errors import Busy, Conflict, Damaged, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.registry import adapters
from desa_web.core.site import FOLDERS, Site, open_site
from desa_web.features import FEATURES

_FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASE = "data/desa.db"
_COMMENT_BYTES = 64
_PART = 1 << 20
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a good backup holds. `counts` are rows by table; `head` the journal's newest seq."""

    file: Path
    size_bytes: int
    created_at: str
    journal_id: str
    head: int
    counts: dict[str, int]
    files: int


def create(
    site: Site, target: Path | None = None, progress: Progress = lambda _done, _all: None
) -> Backup:
    """Write a backup to `target` (default: backups/ of the site), verify it, and return it.

    Raises Conflict when the file exists, InvalidInput for a PostgreSQL site, DiskFull.
    """
    if not db.is_sqlite(site.database):
        raise InvalidInput(
            _("Situs ini memakai PostgreSQL. Cadangkan datanya dengan pg_dump, dan folder media.")
        )
    target = target or site.path / "backups" / file_name(site)
    if target.exists():
        raise Conflict(_("{file} sudah ada. Pilih nama lain.").format(file=target))
    target.parent.mkdir(parents=True, exist_ok=True)
    temp = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".desa-") as scratch:
            _write(site, temp, Path(scratch), progress)
        found = verify(temp)
        sync_file(temp)
        temp.rename(target)
        sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temp.unlink()
    return Backup(
        target, found.size_bytes, found.created_at, found.journal_id, found.head, found.counts,
        found.files,
    )  # fmt: skip


def file_name(site: Site) -> str:
    """Return the usual name of a backup made now."""
    return f"{site.path.name}-{as_utc(site.clock.now_ms()):%Y%m%d-%H%M%S}.zip"


def verify(file: Path) -> Backup:
    """Return what `file` holds after restoring it into a scratch folder.

    Raises Damaged, naming what is wrong, for anything but a whole backup; NotFound.
    """
    _require_file(file)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".desa-") as scratch:
        return _unpack(file, Path(scratch) / "situs")


def restore(file: Path, folder: Path) -> Path | None:
    """Put the backup's site in the place of `folder`; return where the old one was kept.

    The restored journal gets a new id, so that followers rebuild and sync opens a new epoch; all
    sessions end. Raises Damaged (nothing was touched), NotFound, Busy while the site is being
    served.
    """
    _require_file(file)
    folder = folder.resolve()
    lock = FileLock(folder / "data" / "worker.lock")
    if folder.exists() and (folder / "data").is_dir() and not lock.try_acquire():
        raise Busy(_("Situs ini sedang berjalan. Hentikan dulu servernya, lalu pulihkan."))
    beside = folder.with_name(f".{folder.name}.pulih-{secrets.token_hex(4)}")
    try:
        _unpack(file, beside)
        for kind, object_id in erased.read(folder):
            erased.note(beside, kind, object_id)
        _begin_anew(beside)
        for path in (*beside.rglob("*"), beside):
            (sync_folder if path.is_dir() else sync_file)(path)
        return _swap(beside, folder)
    finally:
        lock.release()
        shutil.rmtree(beside, ignore_errors=True)


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise NotFound(
            _("Berkas cadangan {file} tidak ada. Periksa nama dan foldernya.").format(file=file)
        )


def _write(site: Site, temp: Path, scratch: Path, progress: Progress) -> None:
    snapshot = scratch / "desa.db"
    db.execute(site.database, "VACUUM INTO ?", str(snapshot))
    sources = dict(_sources(site, snapshot))
    manifest: dict[str, Any] = {"format": _FORMAT, "program": __version__, "files": {}}
    manifest["created_at"] = as_utc(site.clock.now_ms()).isoformat(timespec="seconds")
    manifest |= _contents(snapshot)
    total = sum(path.stat().st_size for path in sources.values())
    done = 0
    with zipfile.ZipFile(temp, "w", allowZip64=True) as archive:
        for name, path in sources.items():
            # Photos do not get smaller.
            packing = zipfile.ZIP_STORED if name.startswith("media/") else zipfile.ZIP_DEFLATED
            archive.write(path, name, compress_type=packing)
            manifest["files"][name] = {"sha256": digest_of(path), "size": path.stat().st_size}
            done += path.stat().st_size
            progress(done, total)
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        archive.writestr(_MANIFEST, text, compress_type=zipfile.ZIP_DEFLATED)
        archive.comment = b"0" * _COMMENT_BYTES
    with temp.open("r+b") as handle:
        seal = _seal(temp).encode()
        handle.seek(-_COMMENT_BYTES, os.SEEK_END)
        handle.write(seal)


def _sources(site: Site, snapshot: Path) -> Iterator[tuple[str, Path]]:
    yield _DATABASE, snapshot
    yield "desa.toml", site.path / "desa.toml"
    if (site.path / erased.FILE).exists():
        yield erased.FILE, site.path / erased.FILE
    for name in ("media", "themes", "data/keys"):
        root = site.path / name
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(site.path).as_posix()
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            plain_key = name == "data/keys" and path.suffix != ".enc"
            if path.is_file() and not path.is_symlink() and not hidden and not plain_key:
                yield relative, path


def _contents(database: Path) -> dict[str, Any]:
    """Return counts of rows by table and the head of the journal."""
    with closing(sqlite3.connect(database)) as connection:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = [row[0] for row in connection.execute(tables)]
        counts = {n: connection.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}  # noqa: S608 - names come from the schema
        head = connection.execute("SELECT journal_id, n FROM journal_head").fetchone()
    return {"counts": counts, "journal_id": head[0], "head": head[1]}


def _unpack(file: Path, folder: Path) -> Backup:
    """Restore into the new `folder`, checking everything on the way."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.comment.decode("ascii", "replace") != _seal(file):
                raise _damaged(file, _("isinya tidak sama dengan segelnya"))
            manifest = json.loads(archive.read(_MANIFEST))
            names = {info.filename for info in archive.infolist()} - {_MANIFEST}
            if manifest.get("format") != _FORMAT or names != set(manifest["files"]):
                raise _damaged(file, _("daftar isinya tidak cocok"))
            for name in FOLDERS:
                (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / "data" / "keys").chmod(0o700)
            for name, facts in manifest["files"].items():
                _extract(archive, file, name, facts, folder)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError) as error:
        why = _("isinya rusak") if zipfile.is_zipfile(file) else _("bukan berkas .zip")
        raise _damaged(file, why) from error
    _check_database(file, folder / _DATABASE, manifest)
    return Backup(
        file, file.stat().st_size, manifest["created_at"], manifest["journal_id"],
        manifest["head"], manifest["counts"], len(manifest["files"]),
    )  # fmt: skip


def _extract(
    archive: zipfile.ZipFile, file: Path, name: str, facts: dict[str, Any], folder: Path
) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()) or name.startswith(("/", "cache/")):
        raise _damaged(file, _("nama berkas di dalamnya tidak wajar"))
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = sha256(), 0
    with archive.open(name) as source, target.open("xb") as sink:
        while part := source.read(_PART):
            size += len(part)
            if size > facts["size"]:
                break
            digest.update(part)
            sink.write(part)
    if size != facts["size"] or digest.hexdigest() != facts["sha256"]:
        raise _damaged(file, _("{name} berubah").format(name=name))
    if name.startswith("media/") and len(target.name) == 64 and target.name != facts["sha256"]:
        raise _damaged(file, _("foto {name} bukan yang disimpan").format(name=name))


def _check_database(file: Path, database: Path, manifest: dict[str, Any]) -> None:
    try:
        with closing(sqlite3.connect(database)) as connection:
            integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        if integrity != "ok" or broken:
            raise _damaged(file, _("basis datanya tidak utuh"))
        found = _contents(database)
    except sqlite3.Error as error:
        raise _damaged(file, str(error)) from error
    if {name: manifest[name] for name in found} != found:
        raise _damaged(file, _("jumlah barisnya tidak cocok"))


def _begin_anew(folder: Path) -> None:
    """Make the restored site one of its own: new journal id, nobody signed in, newest schema."""
    db.open_sqlite(folder / _DATABASE, create=True).close()
    site = open_site(folder)
    try:
        with site.bound():
            migrate.upgrade(site.database)
            journal.renew(site)
            with db.write(site.database):
                db.execute(site.database, "DELETE FROM user_session")
            _erase_again(site)
    finally:
        site.close()


def _erase_again(site: Site) -> None:
    """Erase what the backup knew and a privacy request took out since."""
    erasable = {adapter.KIND: adapter for adapter in adapters(FEATURES, "erasable")}
    for kind, object_id in erased.read(site.path):
        if kind in erasable:
            erasable[kind].erase_again(operator(site, "restore"), object_id)


def _swap(beside: Path, folder: Path) -> Path | None:
    old: Path | None = None
    if folder.exists():
        old = _free_name(folder)
        folder.rename(old)
    beside.rename(folder)
    sync_folder(folder.parent)
    return old


def _free_name(folder: Path) -> Path:
    number = 1
    while folder.with_name(f"{folder.name}.lama-{number}").exists():
        number += 1
    return folder.with_name(f"{folder.name}.lama-{number}")


def _seal(file: Path) -> str:
    """Return the sha256 of everything before the zip's comment."""
    digest = sha256()
    left = file.stat().st_size - _COMMENT_BYTES
    with file.open("rb") as handle:
        while left > 0 and (part := handle.read(min(_PART, left))):
            digest.update(part)
            left -= len(part)
    return digest.hexdigest()


def _damaged(file: Path, why: str) -> Damaged:
    sentence = _("Cadangan {file} tidak utuh: {why}. Pakai cadangan yang lain.")
    return Damaged(sentence.format(file=file.name, why=why.rstrip(".")))
