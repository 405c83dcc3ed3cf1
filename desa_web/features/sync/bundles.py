"""Bundles of this site: news and photos for a stick, and taking in what a stick brings.

Received lines go into the database, received photos beside it in media/kiriman, both verified.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from desa_web.core import db, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc, zone
from desa_web.core.console import no_folder
from desa_web.core.disk import locked, sync_folder, write_atomic
from desa_web.core.errors import (
    DesaError,
    DiskFull,
    InvalidInput,
    NotFound,
    ReadOnly,
    storage_error,
)
from desa_web.core.follow import catch_up
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.engines.sync import Outcome, Problem, Receiver, bundle, log
from desa_web.engines.sync.errors import NotStored, Tampered
from desa_web.engines.sync.line import Trailer
from desa_web.features.media import masters
from desa_web.features.sync import receipts
from desa_web.features.sync.received import sentence_of
from desa_web.features.sync.service import publisher

RECEIVED = "kiriman"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bundle brought: new lines, lines that wait for a predecessor, photos, receipts."""

    site: str
    accepted: int
    known: int
    waiting: int
    photos: int
    missing_photos: int
    receipts: int = 0


def create(actor: Actor, folder: Path, *, part_bytes: int = bundle.PART_BYTES) -> list[Path]:
    """Write the site's whole log and its photos into `folder`; return the files.

    The log is brought up to the journal first. A hub writes its receipts instead: what it says to
    every village, in one file.
    """
    _require(actor)
    site = actor.site
    if not folder.is_dir():
        raise InvalidInput(no_folder(folder))
    if not os.access(folder, os.W_OK):
        sentence = _(
            "Folder {folder} tidak boleh ditulisi. Bila itu stik, buka kunci tulisnya atau pakai "
            "stik lain, lalu ulangi."
        )
        raise NotStored(sentence.format(folder=folder))
    values = settings.read(site)
    now = as_utc(site.clock.now_ms()).astimezone(zone(values["time_zone"]))
    name = f"{slugify(values.full_name, fallback='desa')}-{now:%Y%m%d-%H%M}"
    with _stored():
        # Where nothing serves the site, nobody has followed the journal: the newest news would
        # stay at home without a word.
        catch_up(site, publisher(site))
        if (hub := _hub(site)) is not None:
            return [_letters(site, folder, dict(hub.letters(site)), name=name, at=now)]
        return bundle.create(
            site, folder, lambda digest: _master(site, digest), name=name, at=now,
            readme=_readme(values.full_name), part_bytes=part_bytes,
        )  # fmt: skip


def size_bytes(site: Site) -> int:
    """Return about how much room a bundle takes: all photos that the log names, and the lines."""
    sql = "SELECT coalesce(sum(length(body)), 0) FROM sync_line"
    lines = int(db.execute(site.database, sql).fetchone()[0])
    return lines + sum(path.stat().st_size for path in masters.files(site))


def take(actor: Actor, file: Path) -> Taken:
    """Take in a bundle of another site, or of our hub; twice changes nothing.

    Raises Tampered (signature, fork), Damaged, NotFound, Busy, NotStored.
    """
    _require(actor)
    site = actor.site
    sentence = _("Penerimaan lain sedang berjalan. Tunggu sampai selesai, lalu ulangi.")
    with locked(site.data / "sync.lock", sentence), _stored():
        found = bundle.check(file)
        own = log.head(site)
        if own is not None and own.site == found.site:
            raise InvalidInput(_("Ini kiriman situs ini sendiri, jadi tidak ada yang diterima."))
        told = _take_receipts(site, found, own.site if own else "")
        if found.receipts and not found.lines:
            return Taken(found.site, 0, 0, 0, 0, 0, told)
        counts = _take_lines(site, found)
        photos = sum(_take_photo(site, found, digest) for digest in found.media)
        missing = sum(not received_path(site, digest).exists() for digest in found.missing)
    return Taken(found.site, *counts, photos, missing, told)


def take_stream(actor: Actor, stream: IO[bytes]) -> Taken:
    """Take in a bundle that a browser sends; it lies on our disk only as long as that takes."""
    _require(actor)
    folder = actor.site.cache / "terima"
    with _stored():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=bundle.SUFFIX) as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)
            copy.flush()
            return take(actor, Path(copy.name))


def received_path(site: Site, digest: str) -> Path:
    """Return where a received photo lies."""
    return site.media / RECEIVED / digest[:2] / digest


def _master(site: Site, digest: str) -> Path | None:
    path = masters.path_of(site, digest)
    return path if path.exists() else None


def _require(actor: Actor) -> None:
    """An officer of a hub works with sticks; at a village they are for its admin."""
    if not actor.may(Permission.RUN_HUB):
        actor.require(Permission.MANAGE_SITE)


class Hub(Protocol):
    """What a feature offers that works with what sticks bring (its adapter "bundles")."""

    def take_lines(self, site: Site, name: str, data: bytes) -> Outcome: ...

    def take_photo(self, site: Site, name: str, digest: str, size_bytes: int) -> None: ...

    def letters(self, site: Site) -> Iterator[tuple[str, bytes]]: ...


def _hub(site: Site) -> Hub | None:
    """Return what a hub does with bundles; None at a village."""
    from desa_web.features import FEATURES

    if site.config.text("role") != "hub":
        return None
    found: Hub | None = next(adapters(FEATURES, "bundles"), None)
    return found


def _letters(
    site: Site, folder: Path, letters: dict[str, bytes], *, name: str, at: datetime
) -> Path:
    if not letters:
        raise NotFound(_("Belum ada tanda terima untuk desa mana pun."))
    full_name = settings.read(site).full_name
    return bundle.create_receipts(
        site, folder, letters, name=name, at=at, readme=_readme_of_hub(full_name)
    )


def _take_lines(site: Site, found: bundle.Bundle) -> tuple[int, int, int]:
    """Receive the lines piece by piece; return how many were new, known, and wait."""
    receiver, hub = Receiver(site), _hub(site)
    accepted = known = waiting = 0
    with closing(bundle.changes(found)) as pieces:
        # The manifest has proven that these are all lines, so we announce the end ourselves.
        for piece in chain(pieces, [Trailer(0, False).wire()]):
            if hub is not None:
                outcome = hub.take_lines(site, found.site, piece)
            else:
                outcome = receiver.receive(found.site, piece)
            accepted += len(outcome.accepted)
            known += outcome.duplicates
            waiting += outcome.parked
            if outcome.problem is not None:
                raise _refused(outcome.problem)
    return accepted, known, waiting


def _take_photo(site: Site, found: bundle.Bundle, digest: str) -> bool:
    """Keep one photo of the bundle; False when it is here already."""
    target, hub = received_path(site, digest), _hub(site)
    is_new = not target.exists()
    if is_new:
        _keep_photo(found, digest, target)
    if hub is not None:
        hub.take_photo(site, found.site, digest, target.stat().st_size)
    return is_new


def _keep_photo(found: bundle.Bundle, digest: str, target: Path) -> None:
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(target.parent.parent)
    with bundle.media(found, digest) as blocks:
        write_atomic(target, b"".join(blocks))


def _take_receipts(site: Site, found: bundle.Bundle, own: str) -> int:
    """Take what a hub says to this very site; return how many words were new."""
    if not found.receipts:
        return 0
    if own not in found.receipts:
        raise InvalidInput(_("Di berkas ini tidak ada tanda terima untuk situs ini."))
    return sum(receipts.take(site, found.site, p).new for p in bundle.receipts(found, own))


def _refused(problem: Problem) -> Tampered:
    return Tampered(sentence_of(problem), problem=problem.value)


@contextmanager
def _stored() -> Iterator[None]:
    """Let a full or read-only disk end with the exit code that scripts of sync know."""
    try:
        yield
    except (DiskFull, ReadOnly, OSError) as error:
        known = error if isinstance(error, DesaError) else storage_error(error)
        if known is None:
            raise
        raise NotStored(known.message) from error


def _readme(name: str) -> str:
    return _page_of(
        name,
        _("Berkas ini berisi berita dan foto dari {name}, bertanda tangan.").format(name=name),
        _("Serahkan ke Kominfo, atau buka di komputer yang memasang desa-web dengan:"),
    )


def _readme_of_hub(name: str) -> str:
    return _page_of(
        name,
        _("Berkas ini berisi tanda terima dari {name} untuk desa-desa.").format(name=name),
        _("Di situs desa: buka Kelola, Sinkron, lalu pilih berkas ini. Atau dengan perintah:"),
    )


def _page_of(title: str, *lines: str) -> str:
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        '<!DOCTYPE html><html lang="id"><meta charset="utf-8">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1>{paragraphs}"
        "<pre>desa sync bundle import BERKAS.desa</pre></html>\n"
    )
